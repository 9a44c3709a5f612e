import { until } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningCallService, startRunningCallService } from './running-call-service.ts';

/** The values of a gauge without labels: none, or one. */
const gauge = async ({ url }: RunningCallService, name: string): Promise<number[]> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(new RegExp(`^trunkline_${name} (.+)$`, 'gm'))].map(([, value]) => Number(value));
};

/** Redis is away, so what is committed stays in the outbox, and nothing sweeps pushes. */
let service: RunningCallService;

beforeAll(async () => {
  service = await startRunningCallService({ REDIS_URL: 'redis://127.0.0.1:1' });
});
afterAll(() => service[Symbol.asyncDispose]());

it('events that wait in the outbox are counted, and the age of the oldest is told', async () => {
  expect(await gauge(service, 'outbox_events')).toEqual([0]);
  expect(await gauge(service, 'outbox_oldest_seconds')).toEqual([0]);
  await service.database.query(`INSERT INTO outbox (call_id, seq, recipients, event, created_at)
    SELECT 'call', n, '{}', '{}', clock_timestamp() - interval '1 hour' FROM generate_series(1, 10001) n`);
  expect(await gauge(service, 'outbox_events')).toEqual([10_000]);
  const [oldest] = await gauge(service, 'outbox_oldest_seconds');
  expect(oldest).toBeGreaterThanOrEqual(3600);
});

it('a deadline that nobody applies is told by how long it is due', async () => {
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

it('the oldest push without a result is told by what it is about and whether it was tried, and what goes to many or is meant for later is not', async () => {
  const oldest = async (labels: string): Promise<number | undefined> => (await gauge(service, `pushes_oldest_seconds{${labels}}`))[0];
  const kinds = [
    'kind="ring",state="waiting"',
    'kind="ring",state="retried"',
    'kind="message",state="waiting"',
    'kind="message",state="retried"',
  ];
  const fill = (type: string, madeAgo: string, more: { bulk?: boolean; failures?: number; due?: string | null; unless?: string } = {}) =>
    service.database.query(
      `INSERT INTO pushes (notification_id, user_id, target_id, type, content, call_id, bulk_id, failures, send_unless, created_at, due_at, expires_at)
       SELECT gen_random_uuid(), 'ann', gen_random_uuid(), $1, '{}', CASE WHEN $1 LIKE '%call%' THEN 'call' END, CASE WHEN $2::boolean THEN gen_random_uuid() END,
         $3, $4, now() - $5::interval, now() + $6::interval, now() - $5::interval + interval '60 seconds'`,
      [type, more.bulk === true, more.failures ?? 0, more.unless ?? null, madeAgo, more.due === undefined ? '-1 second' : more.due],
    );
  await fill('custom', '5 hours', { bulk: true });
  await fill('incoming_call', '4 hours', { due: null });
  await fill('incoming_call', '25 seconds', { unless: 'device_acknowledged', due: '10 seconds' });
  for (const labels of kinds) expect({ labels, oldest: await oldest(labels) }).toEqual({ labels, oldest: 0 });
  const ages = [100, 200, 300, 400];
  await fill('call_cancelled', '100 seconds');
  await fill('incoming_call', '200 seconds', { failures: 2 });
  await fill('missed_call', '300 seconds', { due: '1 minute' });
  await fill('chat_message', '400 seconds', { failures: 1 });
  await fill('chat_message', '10 seconds');
  for (const [index, labels] of kinds.entries()) {
    const seconds = await oldest(labels);
    expect(seconds).toBeGreaterThanOrEqual(ages[index] as number);
    expect(seconds).toBeLessThan((ages[index] as number) + 100);
  }
});

it('without its database it still answers, and leaves out what only that knows', async () => {
  expect(await gauge(service, 'gateway_leases')).toEqual([0]);
  await service.database.query('ALTER TABLE gateways RENAME TO hidden');
  expect(await gauge(service, 'gateway_leases')).toEqual([]);
  expect(await gauge(service, 'database_waiting')).toEqual([0]);
  await service.database.query('ALTER TABLE hidden RENAME TO gateways');
  await until('it is told again', async () => (await gauge(service, 'gateway_leases')).length === 1);
});
