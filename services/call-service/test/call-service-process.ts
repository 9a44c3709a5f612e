import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { backingUrls, createTestDatabase, TEST_JWT_SECRET, type TestDatabase, until } from '@trunkline/testing';

export interface CallServiceProcess extends AsyncDisposable {
  readonly url: string;
  readonly database: TestDatabase;
  readonly redisPrefix: string;
  /** All it has written. */
  output(): string;
}

/** A call-service as a process of its own, which logs everything. */
export const startCallServiceProcess = async (settings: Readonly<Record<string, string>>): Promise<CallServiceProcess> => {
  await using starting = new AsyncDisposableStack();
  const { templateDatabaseUrl, redisUrl } = backingUrls();
  const database = starting.use(await createTestDatabase(templateDatabaseUrl));
  const redisPrefix = `test-${process.pid}-${Date.now()}`;
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
    env: {
      DATABASE_URL: database.url,
      REDIS_URL: redisUrl,
      REDIS_PREFIX: redisPrefix,
      JWT_SECRET: TEST_JWT_SECRET,
      INTERNAL_TOKEN: 'the-internal-token-of-tests-only',
      LOG_LEVEL: 'trace',
      PORT: '0',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  starting.defer(async () => {
    const gone = once(child, 'exit');
    if (child.kill('SIGKILL')) await gone;
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const url = await until('call-service says where it listens', () => /"url":"([^"]+)"/.exec(output)?.[1], 60_000);
  const running = starting.move();
  return { url, database, redisPrefix, output: () => output, [Symbol.asyncDispose]: () => running.disposeAsync() };
};
