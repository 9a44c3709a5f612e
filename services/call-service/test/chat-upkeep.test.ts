import { until } from '@trunkline/testing';
import pg from 'pg';
import { expect, it } from 'vitest';
import { archiveMessages, forgetMessageKeys, keepChats } from '../src/chat/upkeep.ts';
import { type Database, openDatabase } from '../src/database/database.ts';
import { openChat, rethrow, startChatService } from './chat-door.ts';
import { refuseDeletions } from './refuse-deletions.ts';
import { type RunningCallService, startSecondCallService } from './running-call-service.ts';

const startQuietly = () => startChatService({ MESSAGE_ARCHIVE_DAYS: '0' });

const connectTo = (service: RunningCallService): Database =>
  openDatabase({ url: service.database.url, poolSize: 2, onError: () => undefined });

const countOf = async (service: RunningCallService, table: string): Promise<number> =>
  (await service.database.query<{ count: number }>(`SELECT count(*)::integer AS count FROM ${table}`))[0]?.count ?? 0;

/** Messages of forty days ago, the oldest of them stored last, and the names under which they were sent. */
const fillWithOld = async (service: RunningCallService, messages: number, keys: number): Promise<void> => {
  const chatId = await openChat(service);
  await service.database.query(
    `INSERT INTO messages (id, chat_id, seq, created_at, sender_id, content, type)
     SELECT gen_random_uuid(), $1, n, now() - interval '40 days' + n * interval '1 second', 'ann', 'm' || n, 'text'
     FROM generate_series(1, $2::integer) AS n ORDER BY n <= 1500, n`,
    [chatId, messages],
  );
  await service.database.query(
    `INSERT INTO message_keys (chat_id, sender_id, key, body_hash, message_id, created_at)
     SELECT $1, 'ann', 'key-' || n, 'hash', gen_random_uuid(), now() - interval '40 days' + n * interval '1 second'
     FROM generate_series(1, $2::integer) AS n`,
    [chatId, keys],
  );
};

it('however many old messages and names there are, one upkeep takes them all, and leaves the young ones', async () => {
  await using service = await startQuietly();
  await using database = connectTo(service);
  await fillWithOld(service, 53_000, 12_000);
  await service.database.query(`UPDATE message_keys SET created_at = now() WHERE key = 'key-7'`);
  await keepChats(database, 30, rethrow);
  expect(await countOf(service, 'messages')).toBe(0);
  expect(await countOf(service, 'messages_archive')).toBe(53_000);
  expect(await service.database.query('SELECT key FROM message_keys')).toEqual([{ key: 'key-7' }]);
});

it('two upkeeps at once share the work: each message moves once, and no name is left', async () => {
  await using service = await startQuietly();
  await using one = connectTo(service);
  await using other = connectTo(service);
  await fillWithOld(service, 12_000, 12_000);
  await Promise.all([keepChats(one, 30, rethrow), keepChats(other, 30, rethrow)]);
  const left = ['messages', 'messages_archive', 'message_keys'].map((table) => countOf(service, table));
  expect(await Promise.all(left)).toEqual([0, 12_000, 0]);
});

it('old messages move to the archive also where the names under which they were sent cannot be forgotten', async () => {
  await using service = await startQuietly();
  await using database = connectTo(service);
  await fillWithOld(service, 1000, 1);
  await refuseDeletions(service.database, 'message_keys');
  const failures: unknown[] = [];
  await keepChats(database, 30, (error) => failures.push(error));
  expect(failures).toMatchObject([{ message: 'not now' }]);
  expect(await countOf(service, 'messages_archive')).toBe(1000);
});

it('an upkeep that is told to stop ends with the step that it is at', async () => {
  await using service = await startQuietly();
  await using database = connectTo(service);
  await fillWithOld(service, 30_000, 12_000);
  const stop = new AbortController();
  const archiving = archiveMessages(database, 30, stop.signal);
  await until('some have moved', async () => (await countOf(service, 'messages_archive')) > 0);
  stop.abort();
  await archiving;
  expect(await countOf(service, 'messages')).toBeGreaterThan(0);
  await forgetMessageKeys(database, 30, stop.signal);
  expect(await countOf(service, 'message_keys')).toBe(12_000);
});

it('a service that is stopped does not wait until all old messages have moved', async () => {
  await using first = await startQuietly();
  await fillWithOld(first, 60_000, 0);
  {
    await using _second = await startSecondCallService(first, { MESSAGE_ARCHIVE_DAYS: '30' });
    await until('some have moved', async () => (await countOf(first, 'messages_archive')) > 0);
  }
  expect(await countOf(first, 'messages')).toBeGreaterThan(0);
});

const connectAsOnlooker = async (service: RunningCallService) => {
  const client = new pg.Client({ connectionString: service.database.url, lock_timeout: 1000 });
  await client.connect();
  return { query: (text: string) => client.query(text), [Symbol.asyncDispose]: () => client.end() };
};

it('an upkeep holds up nobody while it waits for a backup: the month that is to go stays until the next one', async () => {
  await using service = await startQuietly();
  await using database = connectTo(service);
  await using backup = await connectAsOnlooker(service);
  await using reader = await connectAsOnlooker(service);
  await service.database.query(`CREATE TABLE messages_2019_01 PARTITION OF messages FOR VALUES FROM ('2019-01-01Z') TO ('2019-02-01Z')`);
  const isThere = async () => (await service.database.query(`SELECT FROM pg_class WHERE relname = 'messages_2019_01'`)).length === 1;
  await backup.query('BEGIN; LOCK TABLE messages IN ACCESS SHARE MODE');
  let isKept = false;
  const keeping = keepChats(database, 30, rethrow).finally(() => {
    isKept = true;
  });
  while (!isKept) await reader.query('SELECT FROM messages LIMIT 1');
  await keeping;
  expect(await isThere()).toBe(true);
  await backup.query('COMMIT');
  await keepChats(database, 30, rethrow);
  expect(await isThere()).toBe(false);
});
