import type { Database, Statement } from '../database/database.ts';

const MONTHS_AHEAD = 3;
const ARCHIVE_TOGETHER = 1000;
const MAX_ROUNDS = 50;

/** By itself, before: a statement that began while another replica made tables would not see them. */
const TAKE_TURNS = { name: 'take_turns_with_partitions', text: 'SELECT pg_advisory_xact_lock(7246003)' };
const MAKE_PARTITIONS = { name: 'make_message_partitions', text: `SELECT make_message_partitions(${MONTHS_AHEAD})` };
/** Moves whole rows: whoever reads finds each message here or there, in any snapshot. */
const ARCHIVE_MESSAGES = {
  name: 'archive_messages',
  text: `WITH old AS MATERIALIZED (
      SELECT chat_id, seq, created_at FROM messages WHERE created_at < now() - make_interval(days => $1)
      LIMIT ${ARCHIVE_TOGETHER} FOR UPDATE SKIP LOCKED
    ), moved AS (
      DELETE FROM messages m USING old WHERE m.chat_id = old.chat_id AND m.seq = old.seq AND m.created_at = old.created_at RETURNING m.*
    ), kept AS (INSERT INTO messages_archive SELECT * FROM moved)
    SELECT count(*)::integer AS count FROM moved`,
};
const FORGET_KEYS = {
  name: 'forget_message_keys',
  text: `DELETE FROM message_keys k USING (
      SELECT chat_id, sender_id, key FROM message_keys WHERE created_at < clock_timestamp() - make_interval(days => $1)
      ORDER BY created_at LIMIT 5000
    ) AS old WHERE k.chat_id = old.chat_id AND k.sender_id = old.sender_id AND k.key = old.key`,
};

const DROP_EMPTY = { name: 'drop_empty_message_partitions', text: 'SELECT drop_empty_message_partitions($1)' };

const inTurn = (database: Database, statement: Statement, values: readonly unknown[]): Promise<void> =>
  database.transaction(async (transaction) => {
    transaction.send(TAKE_TURNS, []);
    transaction.send(statement, values);
  });

/** Moves messages older than so many days to the archive, with the names under which they could have been sent again. */
export const archiveMessages = async (database: Database, days: number): Promise<void> => {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const [moved] = await database.query<{ count: number }>(ARCHIVE_MESSAGES, [days]);
    if ((moved?.count ?? 0) < ARCHIVE_TOGETHER) break;
  }
  await database.query(FORGET_KEYS, [days]);
};

/** What chats need done from time to time: the partitions of coming months, and the archive of those long gone. */
export const keepChats = async (database: Database, archiveDays: number): Promise<void> => {
  await inTurn(database, MAKE_PARTITIONS, []);
  if (archiveDays === 0) return;
  await archiveMessages(database, archiveDays);
  await inTurn(database, DROP_EMPTY, [archiveDays]);
};
