import { randomUUID } from 'node:crypto';
import { backingUrls, createTestDatabase, type TestDatabase } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { openDatabase } from '../src/database/database.ts';
import { sweepPushes } from '../src/notifications/push-sweep.ts';
import type { QueuedPush } from '../src/notifications/queue-pushes.ts';

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
  await sweepPushes(database, (pushes) => enqueued.push(...pushes), null);
  expect(enqueued.slice(0, 3).map(({ callId, bulkId }) => ({ callId, bulkId }))).toEqual([
    { callId: 'call', bulkId: null },
    { callId: null, bulkId: null },
    { callId: null, bulkId },
  ]);
});
