import { randomUUID } from 'node:crypto';
import { jobsPrefix } from '@trunkline/bus';
import { INTERNAL_PATHS, JOB_RETRIES, type RingTimeoutJob } from '@trunkline/contract';
import { backingUrls, startFaultProxy } from '@trunkline/testing';
import { Queue } from 'bullmq';
import { expect, it, vi } from 'vitest';
import { loadNotifierConfig, startNotifier } from '../src/index.ts';
import { openInternalDoor } from './internal-door.ts';

const INTERNAL_TOKEN = 'the-internal-token-of-tests-only';
const PATIENCE = { timeout: 10_000, interval: 10 };

const newPrefix = (): string => `test-${randomUUID()}`;

/** A port where nothing listens. */
const NOBODY = 'http://127.0.0.1:1';

const configFor = (settings: { redis: string; prefix: string; callServices: readonly string[] }) =>
  loadNotifierConfig({
    PORT: '0',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'silent',
    INTERNAL_TOKEN,
    REDIS_URL: settings.redis,
    REDIS_PREFIX: settings.prefix,
    CALL_SERVICE_URLS: settings.callServices.join(','),
  });

/** The queue as whoever adds jobs has it. */
const openQueue = (prefix: string) => {
  const { hostname, port } = new URL(backingUrls().redisUrl);
  const queue = new Queue<RingTimeoutJob>('ring_timeout', {
    prefix: jobsPrefix(prefix),
    connection: { host: hostname, port: Number(port || 6379) },
    defaultJobOptions: JOB_RETRIES,
  });
  return Object.assign(queue, {
    async [Symbol.asyncDispose]() {
      await queue.obliterate({ force: true });
      await queue.close();
    },
  });
};

const readiness = async (url: string): Promise<number> => (await fetch(`${url}/readyz`)).status;

it('a delayed job leads to one request at the internal door, not before it is due', async () => {
  await using door = await openInternalDoor(200);
  const prefix = newPrefix();
  await using _notifier = await startNotifier(configFor({ redis: backingUrls().redisUrl, prefix, callServices: [door.url] }));
  await using queue = openQueue(prefix);

  const dueAt = Date.now() + 400;
  await queue.add('ring_timeout', { dueAt }, { delay: 400 });

  await vi.waitFor(async () => expect(await queue.getCompletedCount()).toBe(1), PATIENCE);
  expect(door.heard).toHaveLength(1);
  expect(door.heard[0]).toMatchObject({
    method: 'POST',
    path: INTERNAL_PATHS.due,
    authorization: `Bearer ${INTERNAL_TOKEN}`,
    body: '{}',
  });
  expect(door.heard[0]?.at).toBeGreaterThanOrEqual(dueAt - 1);
});

it.each([
  ['refuses the connection', null],
  ['answers with an error', 503],
])('when the first call-service %s, the second is asked', async (_, status) => {
  await using first = await openInternalDoor(status ?? 200);
  await using second = await openInternalDoor(200);
  const prefix = newPrefix();
  const callServices = [status === null ? NOBODY : first.url, second.url];
  await using _notifier = await startNotifier(configFor({ redis: backingUrls().redisUrl, prefix, callServices }));
  await using queue = openQueue(prefix);

  await queue.add('ring_timeout', { dueAt: Date.now() });

  await vi.waitFor(async () => expect(await queue.getCompletedCount()).toBe(1), PATIENCE);
  expect(first.heard).toHaveLength(status === null ? 0 : 1);
  expect(second.heard).toHaveLength(1);
});

it('a call-service that never answers is given up after two seconds', async () => {
  await using silent = await openInternalDoor(null);
  await using second = await openInternalDoor(200);
  const prefix = newPrefix();
  await using _notifier = await startNotifier(configFor({ redis: backingUrls().redisUrl, prefix, callServices: [silent.url, second.url] }));
  await using queue = openQueue(prefix);

  await queue.add('ring_timeout', { dueAt: Date.now() });

  await vi.waitFor(() => expect(second.heard).toHaveLength(1), PATIENCE);
  const waited = (second.heard[0]?.at ?? 0) - (silent.heard[0]?.at ?? 0);
  expect(waited).toBeGreaterThan(1000);
  expect(waited).toBeLessThan(8000);
});

it('a job that no call-service took is tried again as often as it asked for, then kept as failed', async () => {
  await using door = await openInternalDoor(500);
  const prefix = newPrefix();
  await using _notifier = await startNotifier(configFor({ redis: backingUrls().redisUrl, prefix, callServices: [door.url] }));
  await using queue = openQueue(prefix);

  await queue.add('ring_timeout', { dueAt: Date.now() });

  await vi.waitFor(async () => expect(await queue.getFailedCount()).toBe(1), PATIENCE);
  expect(door.heard).toHaveLength(JOB_RETRIES.attempts);
});

it('a job that is not what the contract says fails at once and asks for nothing', async () => {
  await using door = await openInternalDoor(200);
  const prefix = newPrefix();
  await using _notifier = await startNotifier(configFor({ redis: backingUrls().redisUrl, prefix, callServices: [door.url] }));
  await using queue = openQueue(prefix);

  await queue.add('ring_timeout', { dueAt: 'soon' } as unknown as RingTimeoutJob);

  await vi.waitFor(async () => expect(await queue.getFailedCount()).toBe(1), PATIENCE);
  expect(door.heard).toHaveLength(0);
});

it('a notifier that starts before Redis works once Redis is up, and again after a break', async () => {
  await using door = await openInternalDoor(200);
  await using relay = await startFaultProxy(backingUrls().redisUrl);
  await relay.close();
  const prefix = newPrefix();
  await using notifier = await startNotifier(configFor({ redis: relay.url, prefix, callServices: [door.url] }));
  await using queue = openQueue(prefix);
  expect((await fetch(`${notifier.url}/livez`)).status).toBe(200);
  expect(await readiness(notifier.url)).toBe(503);

  await queue.add('ring_timeout', { dueAt: Date.now() });
  await relay.open();
  await vi.waitFor(() => expect(door.heard).toHaveLength(1), PATIENCE);
  await vi.waitFor(async () => expect(await readiness(notifier.url)).toBe(200), PATIENCE);

  await relay.close();
  await vi.waitFor(async () => expect(await readiness(notifier.url)).toBe(503), PATIENCE);
  await queue.add('ring_timeout', { dueAt: Date.now() });
  await relay.open();
  await vi.waitFor(() => expect(door.heard).toHaveLength(2), PATIENCE);
});

it.each(['never was there', 'went away'])('a notifier stops within seconds when Redis %s', async (fate) => {
  await using relay = await startFaultProxy(backingUrls().redisUrl);
  await relay.close();
  const notifier = await startNotifier(configFor({ redis: relay.url, prefix: newPrefix(), callServices: [NOBODY] }));
  if (fate === 'went away') {
    await relay.open();
    await vi.waitFor(async () => expect(await readiness(notifier.url)).toBe(200), PATIENCE);
    await relay.close();
  }

  const stoppingAt = performance.now();
  await notifier[Symbol.asyncDispose]();
  expect(performance.now() - stoppingAt).toBeLessThan(6000);
  await expect(fetch(`${notifier.url}/livez`)).rejects.toThrow();
});

it('a notifier that stops lets the job finish that it is working on', async () => {
  await using silent = await openInternalDoor(null);
  await using second = await openInternalDoor(200);
  const prefix = newPrefix();
  const notifier = await startNotifier(configFor({ redis: backingUrls().redisUrl, prefix, callServices: [silent.url, second.url] }));
  await using queue = openQueue(prefix);
  await queue.add('ring_timeout', { dueAt: Date.now() });
  await vi.waitFor(() => expect(silent.heard).toHaveLength(1), PATIENCE);

  await notifier[Symbol.asyncDispose]();

  expect(second.heard).toHaveLength(1);
  expect(await queue.getCompletedCount()).toBe(1);
});

it('says at /metrics what is in its queue and what became of its jobs, and answers without Redis too', async () => {
  await using door = await openInternalDoor(200);
  const prefix = newPrefix();
  await using notifier = await startNotifier(configFor({ redis: backingUrls().redisUrl, prefix, callServices: [door.url] }));
  await using queue = openQueue(prefix);
  const metrics = async (url: string): Promise<string> => (await fetch(`${url}/metrics`)).text();
  await queue.add('ring_timeout', { dueAt: Date.now() });
  await queue.add('ring_timeout', { dueAt: Date.now() }, { delay: 3_600_000 });
  await vi.waitFor(
    async () => expect(await metrics(notifier.url)).toContain('trunkline_jobs_total{queue="ring_timeout",outcome="done"} 1'),
    PATIENCE,
  );
  expect(await metrics(notifier.url)).toContain('trunkline_queue_jobs{queue="ring_timeout",state="delayed"} 1');

  await using lonely = await startNotifier(configFor({ redis: 'redis://127.0.0.1:1', prefix, callServices: [door.url] }));
  const said = await metrics(lonely.url);
  expect(said).toContain('trunkline_ready{check="redis"} 0');
  expect(said).not.toMatch(/^trunkline_queue_jobs\{/m);
});
