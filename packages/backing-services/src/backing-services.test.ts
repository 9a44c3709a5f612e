import { access } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { startBackingServices } from './backing-services.ts';
import { containerPolicy } from './container-policy.ts';
import { queryOnce } from './postgres/postgres-connection.ts';
import { commandOnce } from './redis/redis-connection.ts';

/** Whatever this machine has: containers, or servers of our own. */
const env = {};
const report = () => {};

test('both servers answer, and are gone after dispose', async () => {
  const services = await startBackingServices({ env, dataFolder: null, durable: false, report });
  const [row] = await queryOnce<{ one: number; folder: string }>(
    services.databaseUrl,
    "select 1 as one, current_setting('data_directory') as folder",
  );
  expect(row?.one).toBe(1);
  expect(await commandOnce(services.redisUrl, 'PING')).toBe('PONG');

  await services[Symbol.asyncDispose]();
  await expect(queryOnce(services.databaseUrl, 'select 1')).rejects.toThrow('ECONNREFUSED');
  await expect(commandOnce(services.redisUrl, 'PING')).rejects.toThrow('ECONNREFUSED');
  await expect(access(String(row?.folder))).rejects.toThrow('ENOENT');
});

test('an address in the environment is used as it is, and its server outlives the dispose', async () => {
  await using own = await startBackingServices({ env, dataFolder: null, durable: false, report });
  const external = await startBackingServices({
    env: { DATABASE_URL: own.databaseUrl, REDIS_URL: own.redisUrl, TEST_BACKENDS: 'testcontainers' },
    dataFolder: null,
    durable: false,
    report,
  });
  expect(external).toMatchObject({ databaseUrl: own.databaseUrl, redisUrl: own.redisUrl });
  await external[Symbol.asyncDispose]();
  expect(await commandOnce(own.redisUrl, 'PING')).toBe('PONG');
});

test('an address where nothing answers is named', async () => {
  const nowhere = { DATABASE_URL: 'postgres://postgres@127.0.0.1:1/none' };
  await expect(startBackingServices({ env: nowhere, dataFolder: null, durable: false, report })).rejects.toThrow(
    /DATABASE_URL is set, and nothing answers.*ECONNREFUSED/,
  );
});

test.each([
  { TEST_BACKENDS: undefined, dataFolder: null, policy: 'first' },
  { TEST_BACKENDS: '', dataFolder: null, policy: 'first' },
  { TEST_BACKENDS: 'testcontainers', dataFolder: null, policy: 'only' },
  { TEST_BACKENDS: 'embedded', dataFolder: null, policy: 'never' },
  { TEST_BACKENDS: 'testcontainers', dataFolder: '.trunkline', policy: 'fallback' },
] as const)(
  'TEST_BACKENDS $TEST_BACKENDS with the data folder $dataFolder means containers $policy',
  ({ TEST_BACKENDS, dataFolder, policy }) => {
    expect(containerPolicy({ env: { TEST_BACKENDS }, dataFolder })).toBe(policy);
  },
);

test('an unknown TEST_BACKENDS is refused', () => {
  expect(() => containerPolicy({ env: { TEST_BACKENDS: 'docker' }, dataFolder: null })).toThrow('TEST_BACKENDS is "docker"');
});
