import { backingUrls, createTestDatabase } from '@trunkline/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DATABASE_SESSION_OPTIONS } from '../src/database/database.ts';
import { auditPage, WALK_IN_ORDER } from '../src/server-api/audit-reader.ts';

const ROWS = 50_000;
const CHAT = '0193b5f0-0000-7000-8000-000000000001';
const BEGAN_AT = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;

/** A row a minute, and not each number is an id. What is asked for was done first, and everything else was done since. */
const FILL = `INSERT INTO server_audit (id, at, action, key_name, chat_id, user_id, call_id) OVERRIDING SYSTEM VALUE
  SELECT n * 3, to_timestamp(${BEGAN_AT / 1000} + n * 60), CASE WHEN n <= 3 THEN 'rare' ELSE 'action-' || n % 20 END,
    CASE WHEN n <= 3 THEN 'old' WHEN n % 3 = 0 THEN 'backend' ELSE 'environment-1' END,
    CASE WHEN n <= 3 THEN '${CHAT}'::uuid WHEN n % 2 = 0 THEN gen_random_uuid() END,
    CASE WHEN n <= 3 THEN 'ann' WHEN n % 4 = 0 THEN 'user-' || n % 10 END, CASE WHEN n <= 3 THEN 'call-1' WHEN n % 2 = 1 THEN 'call-' || n END
  FROM generate_series(1, ${ROWS}) AS n`;

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase(backingUrls().templateDatabaseUrl);
  client = new pg.Client({ connectionString: database.url, options: DATABASE_SESSION_OPTIONS });
  await client.connect();
  await client.query('SET statement_timeout = 0');
  await client.query(FILL);
  await client.query('ANALYZE server_audit');
  await client.query('BEGIN');
  await client.query(WALK_IN_ORDER.text);
});
afterAll(async () => {
  await client.end();
  await database[Symbol.asyncDispose]();
});

const literal = (value: unknown): string =>
  Array.isArray(value) ? `ARRAY[${value.map(literal).join(', ')}]` : client.escapeLiteral(String(value));

type Asked = Parameters<typeof auditPage>[0];

/** How many rows and entries of indexes are read, by the plan that the service gets: one for all values. */
const readingOf = async (asked: Asked): Promise<{ rows: number; plan: string }> => {
  const [{ name, text }, values] = auditPage(asked, 51);
  await client.query(`PREPARE "${name}" AS ${text}`);
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (ANALYZE) EXECUTE "${name}" (${values.map(literal).join(', ')})`);
  await client.query(`DEALLOCATE "${name}"`);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  const read = plan.matchAll(/ on server_audit.*actual time=\S+ rows=(\S+) loops=(\d+)/g);
  const removed = plan.matchAll(/Rows Removed by [^:]+: (\d+)/g);
  const counts = [...[...read].map(([, count, loops]) => Number(count) * Number(loops)), ...[...removed].map(([, count]) => Number(count))];
  return { rows: counts.reduce((sum, count) => sum + count, 0), plan };
};

const idsOf = async (asked: Asked, rows = 51): Promise<number[]> => {
  const [{ text }, values] = auditPage(asked, rows);
  return (await client.query<{ id: string }>(text, values)).rows.map(({ id }) => Number(id));
};

const minute = (n: number): string => new Date(BEGAN_AT + n * MINUTE_MS).toISOString();

const FIRST_THREE = [9, 6, 3];
const ASKED: readonly (readonly [string, Asked, readonly number[]])[] = [
  ['an action', { action: 'rare' }, FIRST_THREE],
  ['a key', { key: 'old' }, FIRST_THREE],
  ['an action with a key that does it often', { key: 'backend', action: 'rare' }, []],
  ['an action that is done often with a key', { key: 'old', action: 'action-4' }, []],
  ['a chat', { chatId: CHAT }, FIRST_THREE],
  ['a user', { userId: 'ann' }, FIRST_THREE],
  ['a call', { callId: ['call-1', 'its-alias'] }, FIRST_THREE],
  ['a call, by an action that is done often', { callId: ['call-1'], action: 'action-4' }, []],
  ['a user, by an action that is done often', { userId: 'ann', action: 'action-4' }, []],
  ['a chat, with a key that does much', { chatId: CHAT, key: 'backend', until: minute(ROWS) }, []],
  ['what was done before', { until: minute(3) }, [6, 3]],
  ['a span', { since: minute(2), until: minute(4) }, FIRST_THREE.slice(0, 2)],
  ['an action that is done often, in a span', { action: 'action-4', since: minute(4), until: minute(25) }, [72, 12]],
  ['a key, before', { key: 'backend', until: minute(10) }, [27, 18]],
  ['the first page after a cursor', { cursor: '9' }, [6, 3]],
  ['an action after a cursor', { action: 'rare', cursor: '9' }, [6, 3]],
  ['what was done later than all', { since: minute(ROWS + 1) }, []],
];

const LONG = { since: minute(3), until: minute(ROWS) };
const MANY: readonly (readonly [string, Asked])[] = [
  ['everything', {}],
  ['a long span', LONG],
  ['an action', { action: 'action-4' }],
  ['an action, in a long span', { action: 'action-4', ...LONG }],
  ['a key, in a long span', { key: 'backend', ...LONG }],
  ['an action with a key, in a long span', { key: 'backend', action: 'action-4', ...LONG }],
  ['a user, in a long span', { userId: 'user-8', ...LONG }],
  ['a call, in a long span', { callId: ['call-1', 'its-alias'], ...LONG }],
];

it.each(ASKED)('%s is found without reading what was done since', async (_what, asked, ids) => {
  expect(await idsOf(asked)).toEqual(ids);
  const { rows, plan } = await readingOf(asked);
  expect(rows, plan).toBeLessThan(300);
});

it.each(MANY)('of %s no more is read than a page', async (_what, asked) => {
  const { rows, plan } = await readingOf(asked);
  expect(rows, plan).toBeLessThan(300);
});

it('a span has what lies in it, wherever it begins and ends, the newest first', async () => {
  for (const [from, to] of [
    [0, 1],
    [1, 2],
    [777, 780],
    [24_999, 25_002],
    [ROWS - 1, ROWS + 5],
  ] as const)
    for (const filter of [{}, { userId: `user-${from % 10}` }]) {
      const found = await idsOf({ ...filter, since: minute(from), until: minute(to) });
      const all = Array.from({ length: to - from }, (_, index) => (to - 1 - index) * 3);
      const has = (id: number): boolean =>
        id > 0 && id <= ROWS * 3 && (!('userId' in filter) || (id % 12 === 0 && (id / 3) % 10 === from % 10));
      expect([from, to, filter, found]).toEqual([from, to, filter, all.filter(has)]);
    }
});

it('of an empty log nothing is found', async () => {
  await using empty = await createTestDatabase(backingUrls().templateDatabaseUrl);
  const [{ text }, values] = auditPage({ since: minute(0), until: minute(1) }, 51);
  expect(await empty.query(text, values)).toEqual([]);
});
