import { randomUUID } from 'node:crypto';
import { connectRedis, jobsPrefix } from '@trunkline/bus';
import { backingUrls, createTestDatabase, type TestDatabase, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { openDatabase } from '../src/database/database.ts';
import { sweepPushes } from '../src/notifications/push-sweep.ts';
import type { QueuedPush } from '../src/notifications/queue-pushes.ts';
import { startRunningCallService } from './running-call-service.ts';

/** Pushes that were to have a result so long ago. */
const fillWithDue = (
  database: TestDatabase,
  of: { count?: number; callId?: string; bulkId?: string; dueAgo: string; expiresIn?: string },
): Promise<unknown> =>
  database.query(
    `INSERT INTO pushes (notification_id, user_id, target_id, type, content, call_id, bulk_id, due_at, expires_at)
     SELECT gen_random_uuid(), 'ann', gen_random_uuid(), 'custom', '{}', $2, $3, now() - $4::interval, now() + $5::interval
     FROM generate_series(1, $1::integer)`,
    [of.count ?? 1, of.callId ?? null, of.bulkId ?? null, of.dueAgo, of.expiresIn ?? '1 hour'],
  );

it('a ring without a result is enqueued again before a message, and that before what went to many, though both wait longer', async () => {
  await using test = await createTestDatabase(backingUrls().templateDatabaseUrl);
  await using database = openDatabase({ url: test.url, poolSize: 1, onError: () => undefined });
  const bulkId = randomUUID();
  await fillWithDue(test, { count: 12_000, bulkId, dueAgo: '3 minutes' });
  await fillWithDue(test, { dueAgo: '2 minutes' });
  await fillWithDue(test, { callId: 'call', dueAgo: '1 minute' });
  const enqueued: QueuedPush[] = [];
  await sweepPushes({ database, enqueue: (pushes) => enqueued.push(...pushes), webhooks: null, bulksAreQueued: false });
  expect(enqueued.slice(0, 3).map(({ callId, bulkId }) => ({ callId, bulkId }))).toEqual([
    { callId: 'call', bulkId: null },
    { callId: null, bulkId: null },
    { callId: null, bulkId },
  ]);
});

it('what goes to many is not enqueued again while it waits in the queue, only once that is empty', async () => {
  const prefix = `test-${randomUUID()}`;
  await using service = await startRunningCallService({ REDIS_PREFIX: prefix });
  const redis = connectRedis(backingUrls().redisUrl, 'command', () => undefined);
  await using _redis = { [Symbol.asyncDispose]: async () => redis.disconnect() };
  const queue = `${jobsPrefix(prefix)}:push_bulk:prioritized`;
  const { database } = service;
  await database.query(`INSERT INTO push_targets (user_id, provider, platform, kind, address)
    SELECT 'user-' || n, 'fcm', 'android', 'token', 'token-' || n FROM generate_series(1, 700) AS n`);
  await database.query(
    `INSERT INTO bulks (id, body_hash, content, send_at) VALUES (gen_random_uuid(), 'hash', '{"type": "custom"}', now())`,
  );
  await until('it is in the queue', async () => (await redis.zcard(queue)) === 2);
  await database.query(`UPDATE pushes SET due_at = now()`);
  const countOf = async (condition: string): Promise<number> => (await database.query(`SELECT FROM pushes WHERE ${condition}`)).length;
  // One sweep may have begun before they were due, the second one sees them.
  for (const _sweep of [1, 2]) {
    await fillWithDue(database, { dueAgo: '1 minute' });
    await until('a sweep goes by', async () => (await countOf('bulk_id IS NULL AND attempt = 1')) === 0);
  }
  expect(await countOf('bulk_id IS NOT NULL AND attempt = 1')).toBe(700);
  await redis.del(queue);
  await until('they are enqueued again', async () => (await countOf('bulk_id IS NOT NULL AND attempt = 2')) === 700);
});

it('what goes to many and is over is done with also while more of it waits in the queue', async () => {
  await using test = await createTestDatabase(backingUrls().templateDatabaseUrl);
  await using database = openDatabase({ url: test.url, poolSize: 1, onError: () => undefined });
  await fillWithDue(test, { bulkId: randomUUID(), dueAgo: '1 day', expiresIn: '-1 second' });
  await fillWithDue(test, { bulkId: randomUUID(), dueAgo: '1 minute' });
  const enqueued: QueuedPush[] = [];
  await sweepPushes({ database, enqueue: (pushes) => enqueued.push(...pushes), webhooks: null, bulksAreQueued: true });
  expect(enqueued).toEqual([]);
  expect(await test.query('SELECT status, attempt FROM pushes ORDER BY due_at NULLS FIRST')).toEqual([
    { status: 'expired', attempt: 2 },
    { status: 'queued', attempt: 1 },
  ]);
});
