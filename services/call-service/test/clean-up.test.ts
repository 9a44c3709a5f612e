import { createLogger } from '@trunkline/service-kit';
import { backingUrls, createTestDatabase, startWebhookReceiver, TEST_WEBHOOK_SECRET, type TestDatabase, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { startCleanUp } from '../src/clean-up.ts';
import { openDatabase } from '../src/database/database.ts';
import { forgetOldBulks } from '../src/notifications/push-sweep.ts';
import { refuseDeletions } from './refuse-deletions.ts';
import { startRunningCallService, startSecondCallService } from './running-call-service.ts';

const OLD = {
  answers: `INSERT INTO answers (key, body_hash, created_at) VALUES ('key', 'hash', now() - interval '2 days')`,
  pushes: `INSERT INTO pushes (notification_id, user_id, target_id, type, content, expires_at, done_at)
    VALUES (gen_random_uuid(), 'ann', gen_random_uuid(), 'custom', '{}', now(), now() - interval '31 days')`,
  bulks: `INSERT INTO bulks (id, body_hash, content, send_at, created_at, expanded_at)
    SELECT gen_random_uuid(), 'hash', '{}', ago, ago, ago FROM (SELECT now() - interval '61 days' AS ago) AS at`,
};

const TABLES = ['answers', 'pushes', 'bulks'] as const;

const isEmpty = async (database: TestDatabase, table: string): Promise<boolean> =>
  (await database.query(`SELECT FROM ${table}`)).length === 0;

it.each(TABLES)('what is old goes also where %s cannot be forgotten', async (kept) => {
  await using test = await createTestDatabase(backingUrls().templateDatabaseUrl);
  for (const table of TABLES) await test.query(OLD[table]);
  await refuseDeletions(test, kept);
  await using database = openDatabase({ url: test.url, poolSize: 2, onError: () => undefined });
  await using _cleanUp = startCleanUp({ database, logger: createLogger('test', 'silent'), everyMs: 20 });
  for (const table of TABLES) if (table !== kept) await until(`${table} are empty`, () => isEmpty(test, table));
  expect(await isEmpty(test, kept)).toBe(false);
});

it('a notification to many is kept for 60 days after it went out, however long it waited for its time', async () => {
  await using test = await createTestDatabase(backingUrls().templateDatabaseUrl);
  await using database = openDatabase({ url: test.url, poolSize: 1, onError: () => undefined });
  await test.query(`INSERT INTO bulks (id, dedupe_key, body_hash, content, send_at, created_at, expanded_at)
    SELECT gen_random_uuid(), name, 'hash', '{}', coalesce(now() + ago, 'infinity'), now() - interval '1 year', now() + ago
    FROM (VALUES ('old', interval '-61 days'), ('young', interval '-59 days'), ('waits', NULL)) AS made (name, ago)`);
  await forgetOldBulks(database, new AbortController().signal);
  expect(await test.query('SELECT dedupe_key AS name FROM bulks ORDER BY dedupe_key')).toEqual([{ name: 'waits' }, { name: 'young' }]);
});

it('sessions that are over go also where others cannot be settled', async () => {
  await using service = await startRunningCallService();
  const { database } = service;
  await database.query(`CREATE FUNCTION refuse_settling() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$`);
  await database.query(
    'CREATE TRIGGER refuse BEFORE UPDATE OF settled_at ON sessions FOR EACH STATEMENT EXECUTE FUNCTION refuse_settling()',
  );
  await database.query(`INSERT INTO sessions (id, gateway_id, user_id, closed_at, settled_at, is_over)
    VALUES ('unsettled', 'g', 'ann', now() - interval '1 hour', NULL, true), ('settled', 'g', 'bob', now() - interval '1 hour', now() - interval '1 hour', true)`);
  await until('the settled one is gone', () => isEmpty(database, "sessions WHERE id = 'settled'"));
  expect(await isEmpty(database, 'sessions')).toBe(false);
});

it('who went while no webhooks were sent is told of also where old webhooks cannot be forgotten', async () => {
  await using receiver = await startWebhookReceiver();
  await using service = await startRunningCallService();
  await service.database.query(`INSERT INTO online_users (user_id) VALUES ('ann')`);
  await refuseDeletions(service.database, 'webhooks');
  await using _second = await startSecondCallService(service, { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: TEST_WEBHOOK_SECRET });
  await receiver.receives('that ann is gone', ({ type }) => type === 'user.offline');
});
