import { INTERNAL_PATHS } from '@trunkline/contract';
import { backingUrls, createTestDatabase, TEST_JWT_SECRET, type TestDatabase } from '@trunkline/testing';
import { startCallService } from '../src/call-service.ts';
import { loadCallServiceConfig } from '../src/config.ts';

const INTERNAL_TOKEN = 'the-internal-token-of-tests-only';

export interface RunningCallService extends AsyncDisposable {
  readonly url: string;
  readonly routes: readonly string[];
  readonly database: TestDatabase;
  /** Posts to the internal door with its token. */
  post(path: keyof typeof INTERNAL_PATHS, body: unknown): Promise<Response>;
}

/** The shortest lease: whether one has lapsed, call-service judges when it could have been renewed for that long. */
export const SHORT_LEASE = { GATEWAY_LEASE_SECONDS: '3' };

type Settings = Readonly<Record<string, string>>;

const startOn = (databaseUrl: string, settings: Settings) =>
  startCallService(
    loadCallServiceConfig({
      DATABASE_URL: databaseUrl,
      REDIS_URL: backingUrls().redisUrl,
      REDIS_PREFIX: `test-${process.pid}-${Date.now()}`,
      JWT_SECRET: TEST_JWT_SECRET,
      INTERNAL_TOKEN,
      LOG_LEVEL: 'silent',
      PORT: '0',
      STOP_NOTICE_SECONDS: '0',
      ...settings,
    }),
  );

const postTo =
  (url: string): RunningCallService['post'] =>
  (path, body) =>
    fetch(`${url}${INTERNAL_PATHS[path]}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${INTERNAL_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

/** One call-service on a database of its own. */
export const startRunningCallService = async (settings: Settings = {}): Promise<RunningCallService> => {
  await using starting = new AsyncDisposableStack();
  const database = starting.use(await createTestDatabase(backingUrls().templateDatabaseUrl));
  const { url, routes } = starting.use(await startOn(database.url, settings));
  const running = starting.move();
  return { url, routes, database, post: postTo(url), [Symbol.asyncDispose]: () => running.disposeAsync() };
};

/** Another one on the database of `first`, which keeps it. */
export const startSecondCallService = async (first: RunningCallService, settings: Settings = {}): Promise<RunningCallService> => {
  const service = await startOn(first.database.url, settings);
  return {
    url: service.url,
    routes: service.routes,
    database: first.database,
    post: postTo(service.url),
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
};
