import { randomUUID } from 'node:crypto';
import { INTERNAL_PATHS } from '@trunkline/contract';
import {
  backingUrls,
  type ChildService,
  createRestClient,
  createTestDatabase,
  startChildService,
  type TestDatabase,
  until,
} from '@trunkline/testing';
import pg from 'pg';
import { expect, it } from 'vitest';
import { place } from './envelopes.ts';

const INTERNAL_TOKEN = 'the-internal-token-of-tests-only';
const SERVER_KEY = 'a-server-key-of-tests-only';

interface Stoppable extends AsyncDisposable {
  readonly service: ChildService;
  readonly database: TestDatabase;
  post(path: keyof typeof INTERNAL_PATHS, body: unknown): Promise<void>;
}

/** A call-service as a process, since only a process is told to stop. */
const startStoppable = async (): Promise<Stoppable> => {
  await using starting = new AsyncDisposableStack();
  const { templateDatabaseUrl, redisUrl } = backingUrls();
  const database = starting.use(await createTestDatabase(templateDatabaseUrl));
  const service = starting.use(
    await startChildService('call-service', {
      DATABASE_URL: database.url,
      REDIS_URL: redisUrl,
      REDIS_PREFIX: `test-${randomUUID()}`,
      JWT_SECRET: 'a-secret-of-this-test-and-no-other',
      INTERNAL_TOKEN,
      SERVER_API_KEYS: SERVER_KEY,
      LOG_LEVEL: 'warn',
      STOP_NOTICE_SECONDS: '0',
    }),
  );
  const running = starting.move();
  return {
    service,
    database,
    post: async (path, body) => {
      const headers = { authorization: `Bearer ${INTERNAL_TOKEN}`, 'content-type': 'application/json' };
      const response = await fetch(`${service.url}${INTERNAL_PATHS[path]}`, { method: 'POST', headers, body: JSON.stringify(body) });
      expect(response.status).toBe(200);
      await response.json();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

const COUNT_CONNECTIONS = `SELECT count(*)::integer AS all, count(*) FILTER (WHERE wait_event_type = 'Lock')::integer AS waiting
  FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'trunkline call-service'`;

const connectionsOf = async ({ database }: Stoppable): Promise<{ all: number; waiting: number }> => {
  const [counted] = await database.query<{ all: number; waiting: number }>(COUNT_CONNECTIONS);
  return counted ?? expect.unreachable();
};

/** Holds the line of one user until it is told to let go. */
const holdLine = async ({ database }: Stoppable, userId: string): Promise<AsyncDisposable> => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT FROM lines WHERE user_id = $1 FOR UPDATE', [userId]);
  return {
    async [Symbol.asyncDispose]() {
      await client.query('COMMIT');
      await client.end();
    },
  };
};

it('what follows from sessions that closed is stored before a call-service leaves', async () => {
  await using running = await startStoppable();
  const { service, database } = running;
  await running.post('sessions', { gatewayId: 'g', opened: [{ sessionId: 's1', userId: 'ann', deviceId: null }], closed: [] });
  await running.post('commands', { commands: [place('ann', 'bob', { sessionId: 's1' })] });
  const line = await holdLine(running, 'ann');
  await running.post('sessions', { gatewayId: 'g', opened: [], closed: [{ sessionId: 's1', userId: 'ann' }] });
  await until('the closing waits for the line', async () => (await connectionsOf(running)).waiting > 0);
  const stopped = service.stop();
  // Whoever does not wait for it closes all other connections meanwhile.
  const leftItBehind = until('its other connections close', async () => (await connectionsOf(running)).all === 1, 500);
  await leftItBehind.catch(() => undefined);
  await line[Symbol.asyncDispose]();
  expect(await stopped).toBe(0);
  expect(service.output()).toBe('');
  expect(await database.query('SELECT FROM sessions WHERE settled_at IS NOT NULL')).toHaveLength(1);
  expect(await database.query('SELECT FROM calls WHERE caller_absent_at IS NOT NULL')).toHaveLength(1);
});

it('that nobody heard a ring is brought once more before a call-service leaves', async () => {
  await using running = await startStoppable();
  const { service, database } = running;
  // A sequence keeps its count when the transaction is rolled back.
  await database.query('CREATE SEQUENCE refusals');
  await database.query(`CREATE FUNCTION refuse_observation() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF new.kind = 'nobody_heard' THEN RAISE EXCEPTION 'not now %', nextval('refusals'); END IF; RETURN new; END $$`);
  await database.query('CREATE TRIGGER refuse BEFORE INSERT ON call_trace FOR EACH ROW EXECUTE FUNCTION refuse_observation()');
  await running.post('commands', { commands: [place('ann', 'bob')] });
  await until('it was refused', async () => (await database.query('SELECT FROM refusals WHERE is_called')).length === 1);
  await database.query('DROP TRIGGER refuse ON call_trace');
  expect(await service.stop()).toBe(0);
  expect(await database.query('SELECT FROM calls WHERE unreachable_since IS NOT NULL')).toHaveLength(1);
});

const peopleOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `user-${index}`);

it.each([
  [
    'came due',
    ({ database }: Stoppable) =>
      database.query(`INSERT INTO bulks (id, body_hash, content, user_ids, send_at) VALUES ($1, 'hash', '{"type": "custom"}', $2, now())`, [
        randomUUID(),
        peopleOf(20_000),
      ]),
  ],
  [
    'was just asked for',
    ({ service }: Stoppable) =>
      createRestClient(service.url, SERVER_KEY).post('/v1/server/notifications', { type: 'custom', userIds: peopleOf(10_000) }),
  ],
])('a call-service leaves a notification to many that %s where it is, for another one to go on', async (_when, create) => {
  await using running = await startStoppable();
  const { service, database } = running;
  await database.query(`CREATE FUNCTION take_long() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NULL; END'`);
  await database.query('CREATE TRIGGER advanced_slowly AFTER UPDATE ON bulks FOR EACH STATEMENT EXECUTE FUNCTION take_long()');
  await create(running);
  await until('it has begun', async () => (await database.query('SELECT FROM bulks WHERE taken > 0')).length === 1);
  expect(await service.stop()).toBe(0);
  expect(service.output()).toBe('');
  expect(await database.query('SELECT FROM bulks WHERE expanded_at IS NULL')).toHaveLength(1);
});
