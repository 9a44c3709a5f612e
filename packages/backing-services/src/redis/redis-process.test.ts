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

test('with no Redis to be had, the error names the ways out', async () => {
  vi.stubEnv('PATH', '');
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(startRedis(options)).rejects.toThrow(/redis-server[\s\S]*Docker[\s\S]*REDIS_URL/);
});
