import { setTimeout as pause } from 'node:timers/promises';
import { type Database, isLockTimeout, type Statement } from '../database/database.ts';
import { inSteps } from '../database/in-steps.ts';
import { repeat } from '../repeat.ts';

const KEEP_EVERY_MS = 600_000;
const MONTHS_AHEAD = 3;
const MESSAGES_TOGETHER = 1000;
/** The database has others to serve. */
const ROUNDS_APART_MS = 50;
const KEYS_TOGETHER = 5000;

/** By itself, before: a statement that began while another replica made tables would not see them. */
const TAKE_TURNS = { name: 'take_turns_with_partitions', text: 'SELECT pg_advisory_xact_lock(7246003)' };
const MAKE_PARTITIONS = { name: 'make_message_partitions', text: `SELECT make_message_partitions(${MONTHS_AHEAD})` };
/** `$1` days, `$2` from when on. Moves whole rows: whoever reads finds each message here or there, in any snapshot. */
export const ARCHIVE_MESSAGES = {
  name: 'archive_messages',
  text: `WITH old AS MATERIALIZED (
      SELECT chat_id, seq, created_at FROM messages WHERE created_at < now() - make_interval(days => $1) AND created_at >= $2::timestamptz
      LIMIT ${MESSAGES_TOGETHER} FOR UPDATE SKIP LOCKED
    ), moved AS (
      DELETE FROM messages m USING old WHERE m.chat_id = old.chat_id AND m.seq = old.seq AND m.created_at = old.created_at RETURNING m.*
    ), kept AS (INSERT INTO messages_archive SELECT * FROM moved)
    SELECT count(*)::integer AS count, min(created_at)::text AS oldest FROM moved`,
};
export const FORGET_KEYS = {
  name: 'forget_message_keys',
  text: `DELETE FROM message_keys k USING (
      SELECT chat_id, sender_id, key FROM message_keys WHERE created_at < statement_timestamp() - make_interval(days => $1)
      ORDER BY created_at LIMIT ${KEYS_TOGETHER} FOR UPDATE SKIP LOCKED
    ) AS old WHERE k.chat_id = old.chat_id AND k.sender_id = old.sender_id AND k.key = old.key RETURNING 1`,
};

const DROP_EMPTY = { name: 'drop_empty_message_partitions', text: 'SELECT drop_empty_message_partitions($1)' };

/** Every message waits behind what waits for their table. */
const WAIT_BRIEFLY = { name: 'wait_briefly_for_locks', text: `SET LOCAL lock_timeout = '100ms'` };

/** Where somebody else uses the table, as a backup does, it is left for the next upkeep. */
const inTurn = async (database: Database, statement: Statement, values: readonly unknown[]): Promise<void> => {
  try {
    await database.transaction(async (transaction) => {
      transaction.send(TAKE_TURNS, []);
      transaction.send(WAIT_BRIEFLY, []);
      transaction.send(statement, values);
    });
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
  }
};

const EVER = '-infinity';

/** Moves messages older than so many days to the archive, until none is left or it is to stop. */
export const archiveMessages = async (database: Database, days: number, stopping?: AbortSignal): Promise<void> => {
  for (let from = EVER; stopping?.aborted !== true; ) {
    const [moved] = await database.query<{ count: number; oldest: string }>(ARCHIVE_MESSAGES, [days, from]);
    const isFull = moved?.count === MESSAGES_TOGETHER;
    if (!isFull && from === EVER) return;
    // What was moved costs a look until it is vacuumed: a round begins where the last one did, and what that passes over comes last.
    from = isFull ? moved.oldest : EVER;
    await pause(ROUNDS_APART_MS, undefined, { signal: stopping }).catch(() => undefined);
  }
};

/** Forgets under which names messages so old could have been sent again. */
export const forgetMessageKeys = (database: Database, days: number, stopping?: AbortSignal): Promise<void> =>
  inSteps(database, FORGET_KEYS, KEYS_TOGETHER, [days], stopping);

type OnError = (error: unknown) => void;

/**
 * What chats need done from time to time: the partitions of coming months, and the archive of those long gone. One thing
 * after another, also where one fails.
 */
export const keepChats = async (database: Database, archiveDays: number, onError: OnError, stopping?: AbortSignal): Promise<void> => {
  await inTurn(database, MAKE_PARTITIONS, []).catch(onError);
  if (archiveDays === 0) return;
  await forgetMessageKeys(database, archiveDays, stopping).catch(onError);
  await archiveMessages(database, archiveDays, stopping).catch(onError);
  await inTurn(database, DROP_EMPTY, [archiveDays]).catch(onError);
};

/** Does so at once, and every ten minutes, one upkeep after another: the first one may have a lot to move. */
export const startUpkeep = (database: Database, archiveDays: number, onError: OnError): AsyncDisposable =>
  repeat(KEEP_EVERY_MS, (stopping) => keepChats(database, archiveDays, onError, stopping), onError, { atOnce: true });
