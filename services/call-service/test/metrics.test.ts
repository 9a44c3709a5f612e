import { until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { type RunningCallService, startRunningCallService } from './running-call-service.ts';

/** The values of a gauge without labels: none, or one. */
const gauge = async ({ url }: RunningCallService, name: string): Promise<number[]> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(new RegExp(`^trunkline_${name} (.+)$`, 'gm'))].map(([, value]) => Number(value));
};

/** Redis is away, so what is committed stays in the outbox. */
const withoutRedis = (): Promise<RunningCallService> => startRunningCallService({ REDIS_URL: 'redis://127.0.0.1:1' });

it('events that wait in the outbox are counted, and the age of the oldest is told', async () => {
  await using service = await withoutRedis();
  expect(await gauge(service, 'outbox_events')).toEqual([0]);
  expect(await gauge(service, 'outbox_oldest_seconds')).toEqual([0]);
  await service.database.query(`INSERT INTO outbox (call_id, seq, recipients, event, created_at)
    SELECT 'call', n, '{}', '{}', clock_timestamp() - interval '1 hour' FROM generate_series(1, 10001) n`);
  expect(await gauge(service, 'outbox_events')).toEqual([10_000]);
  const [oldest] = await gauge(service, 'outbox_oldest_seconds');
  expect(oldest).toBeGreaterThanOrEqual(3600);
});

it('a deadline that nobody applies is told by how long it is due', async () => {
  await using service = await withoutRedis();
  expect(await gauge(service, 'deadline_overdue_seconds')).toEqual([0]);
  // Whoever would apply it waits for a lock that the table is held under.
  const held = service.database.query('BEGIN; LOCK TABLE call_trace; SELECT pg_sleep(2.2); COMMIT');
  await until('it is held', async () => {
    const busy = await service.database.query("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()");
    return busy.length > 0;
  });
  await service.database.query(`INSERT INTO calls (id, caller_id, callee_id, call_type, channel_id, state, seq, ring_timeout_seconds,
      created_at, updated_at, ring_deadline_at, due_at)
    VALUES ('late', 'ann', 'bob', 'AUDIO', 'x', 'RINGING', 2, 60, now(), now(), now() - interval '100 s', now() - interval '100 s')`);
  const [overdue] = await gauge(service, 'deadline_overdue_seconds');
  expect(overdue).toBeGreaterThanOrEqual(100);
  await held;
  await until('it was applied', async () => (await gauge(service, 'deadline_overdue_seconds'))[0] === 0);
  const text = await (await fetch(`${service.url}/metrics`)).text();
  expect(text).toContain('trunkline_calls_ended_total{state="MISSED",reason="no_response"} 1');
  expect(text).toMatch(/^trunkline_ring_deadline_lag_seconds_sum 1\d\d\./m);
});

it('without its database it still answers, and leaves out what only that knows', async () => {
  await using service = await startRunningCallService();
  expect(await gauge(service, 'gateway_leases')).toEqual([0]);
  await service.database.query('ALTER TABLE gateways RENAME TO hidden');
  expect(await gauge(service, 'gateway_leases')).toEqual([]);
  expect(await gauge(service, 'database_waiting')).toEqual([0]);
  await service.database.query('ALTER TABLE hidden RENAME TO gateways');
  await until('it is told again', async () => (await gauge(service, 'gateway_leases')).length === 1);
});
