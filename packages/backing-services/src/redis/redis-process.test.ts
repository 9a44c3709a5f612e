import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { canInstallPackages } from '../debian-package.ts';
import { commandOnce } from './redis-connection.ts';
import { redisProgram } from './redis-program.ts';
import { startRedis } from './start-redis.ts';

const options = { env: { TEST_BACKENDS: 'embedded' }, dataFolder: null, report: () => {} };

const canRunHere = (await redisProgram()) !== null || (await canInstallPackages());

describe.runIf(canRunHere)('a Redis of its own', () => {
  test('it keeps nothing on disk and evicts nothing, as BullMQ asks', async () => {
    await using redis = await startRedis(options);
    expect(await commandOnce(redis.url, 'CONFIG', 'GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    expect(await commandOnce(redis.url, 'CONFIG', 'GET', 'save')).toEqual(['save', '']);
    expect(await commandOnce(redis.url, 'CONFIG', 'GET', 'bind')).toEqual(['bind', '127.0.0.1']);
  });

  test('each is a server of its own', async () => {
    await using first = await startRedis(options);
    await using second = await startRedis(options);
    await commandOnce(first.url, 'SET', 'key', 'value');
    expect(await commandOnce(second.url, 'GET', 'key')).toBe(null);
  });

  test('one that was killed can come back at the same port', async () => {
    await using first = await startRedis(options);
    process.kill(first.pid as number, 'SIGKILL');
    const port = Number(new URL(first.url).port);
    await using second = await startRedis({ ...options, port });
    expect(second.url).toBe(first.url);
    expect(await commandOnce(second.url, 'PING')).toBe('PONG');
  });

  test('a port that is taken is an error with what Redis said', async () => {
    await using first = await startRedis(options);
    const port = Number(new URL(first.url).port);
    await expect(startRedis({ ...options, port })).rejects.toThrow(/Redis did not start[\s\S]*Address already in use/);
  });
});

const ANSWERS: Readonly<Record<string, string>> = { ping: '+PONG\r\n', client: '+OK\r\n', hello: '%0\r\n' };

/** What speaks as a Redis of this version does, as far as it is asked. */
const startRedisOfVersion = async (version: string): Promise<Server> => {
  const told = `redis_version:${version}\r\n`;
  const server = createServer((socket) => {
    socket.on('data', (asked) => {
      for (const [, word = ''] of String(asked).matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g))
        socket.write(ANSWERS[word.toLowerCase()] ?? `$${told.length}\r\n${told}\r\n`);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
};

test.each([
  { version: '6.2.7', outcome: 'refused' },
  { version: '7.2.4', outcome: 'taken' },
])('a REDIS_URL where version $version answers is $outcome', async ({ version, outcome }) => {
  await using server = await startRedisOfVersion(version);
  const url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const started = startRedis({ ...options, env: { REDIS_URL: url } });
  if (outcome === 'taken') expect(await started).toMatchObject({ url, pid: null });
  else await expect(started).rejects.toThrow(/^The Redis here is version 6\.2\.7\. Trunkline needs Redis 7/);
});

test('with no Redis to be had, the error names the ways out', async () => {
  vi.stubEnv('PATH', '');
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(startRedis(options)).rejects.toThrow(/redis-server[\s\S]*Docker[\s\S]*REDIS_URL/);
});
