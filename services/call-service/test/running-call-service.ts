import { INTERNAL_PATHS } from '@trunkline/contract';
import { backingUrls, createTestDatabase, TEST_JWT_SECRET, type TestDatabase } from '@trunkline/testing';
import { startCallService } from '../src/call-service.ts';
import { loadCallServiceConfig } from '../src/config.ts';

const INTERNAL_TOKEN = 'the-internal-token-of-tests-only';

export interface RunningCallService extends AsyncDisposable {
  readonly url: string;
  readonly database: TestDatabase;
  /** Posts to the internal door with its token. */
  post(path: keyof typeof INTERNAL_PATHS, body: unknown): Promise<Response>;
}

/** One call-service on a database of its own. */
export const startRunningCallService = async (settings: Readonly<Record<string, string>> = {}): Promise<RunningCallService> => {
  await using starting = new AsyncDisposableStack();
  const { templateDatabaseUrl, redisUrl } = backingUrls();
  const database = starting.use(await createTestDatabase(templateDatabaseUrl));
  const service = starting.use(
    await startCallService(
      loadCallServiceConfig({
        DATABASE_URL: database.url,
        REDIS_URL: redisUrl,
        REDIS_PREFIX: `test-${process.pid}-${Date.now()}`,
        JWT_SECRET: TEST_JWT_SECRET,
        INTERNAL_TOKEN,
        LOG_LEVEL: 'silent',
        PORT: '0',
        ...settings,
      }),
    ),
  );
  const running = starting.move();
  return {
    url: service.url,
    database,
    post: (path, body) =>
      fetch(`${service.url}${INTERNAL_PATHS[path]}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${INTERNAL_TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
