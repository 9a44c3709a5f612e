import { randomUUID } from 'node:crypto';
import { startRedis } from '@trunkline/backing-services';
import { type OnlyCareClient, type System, startSystem, until } from '@trunkline/testing';
import { expect, it } from 'vitest';

interface Ringing {
  caller: OnlyCareClient;
  callee: OnlyCareClient;
  callId: string;
  callerId: string;
}

const ring = async (system: System, place: object = {}): Promise<Ringing> => {
  const [callerId, calleeId] = [`caller-${randomUUID()}`, `callee-${randomUUID()}`];
  const caller = await system.connect(0, callerId);
  const callee = await system.connect(1, calleeId);
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId, ...place });
  await callee.hears('call:incoming');
  await caller.hears('call:ringing');
  return { caller, callee, callId: call?.id as string, callerId };
};

const endAll = (clients: readonly OnlyCareClient[]): void => {
  for (const { socket } of clients) socket.disconnect();
};

it('Redis flushed in mid-ring: every ending still reaches both sides', async () => {
  // One of its own: other tests keep things in the shared one.
  await using redis = await startRedis({ env: {}, dataFolder: null, report: () => undefined });
  await using system = await startSystem({ settings: { REDIS_URL: redis.url } });
  const [cancelled, rejected, accepted, missed] = await Promise.all([
    ring(system),
    ring(system),
    ring(system),
    ring(system, { ringTimeoutSeconds: 5 }),
  ]);
  await system.redis.flushall();
  await cancelled.caller.ask('call:cancel', { callId: cancelled.callId });
  await cancelled.callee.hears('call:cancelled');
  await rejected.callee.ask('call:reject', { callId: rejected.callId });
  await rejected.caller.hears('call:rejected');
  await accepted.callee.ask('call:accept', { callId: accepted.callId });
  await accepted.caller.hears('call:accepted');
  await accepted.caller.ask('call:end', { callId: accepted.callId });
  await accepted.callee.hears('call:ended');
  await missed.caller.hears('call:timeout');
  await missed.callee.hears('call:cancelled');
  endAll([cancelled, rejected, accepted, missed].flatMap(({ caller, callee }) => [caller, callee]));
});

it('kill -9 of Redis in mid-ring: a cancel is acknowledged without it, and reaches the callee when it is back', async () => {
  const options = { env: {}, dataFolder: null, report: () => undefined };
  await using redis = await startRedis(options);
  await using system = await startSystem({ settings: { REDIS_URL: redis.url } });
  const { caller, callee, callId } = await ring(system);
  process.kill(redis.pid as number, 'SIGKILL');
  expect(await caller.ask('call:cancel', { callId })).toMatchObject({ ok: true });
  await using back = await startRedis({ ...options, port: Number(new URL(redis.url).port) });
  expect(back.url).toBe(redis.url);
  expect(await callee.hears('call:cancelled')).toMatchObject({ callId });
  endAll([caller, callee]);
});

it('kill -9 of the only call-service in mid-ring: nothing that was acknowledged is lost, the rest can be done when it is back', async () => {
  await using system = await startSystem({ asProcesses: ['call-service'] });
  const service = system.process('call-service', 0);
  const first = await ring(system);
  const missed = await ring(system, { ringTimeoutSeconds: 5 });
  await service.kill();
  expect(await first.callee.ask('call:accept', { callId: first.callId })).toMatchObject({ ok: false, error: { code: 'service_error' } });
  await service.start();
  await missed.caller.hears('call:timeout');
  await missed.callee.hears('call:cancelled');
  expect(await first.callee.ask('call:accept', { callId: first.callId })).toMatchObject({ ok: true });
  await first.caller.hears('call:accepted');
  endAll([first, missed].flatMap(({ caller, callee }) => [caller, callee]));
});

it('kill -9 of one of two call-services: commands go on through the other', async () => {
  await using system = await startSystem({ asProcesses: ['call-service'], callServices: 2 });
  const { caller, callee, callId } = await ring(system);
  await system.process('call-service', 0).kill();
  expect(await callee.ask('call:accept', { callId })).toMatchObject({ ok: true });
  await caller.hears('call:accepted');
  expect(await caller.ask('call:end', { callId })).toMatchObject({ ok: true });
  await callee.hears('call:ended');
  endAll([caller, callee]);
});

it('kill -9 of the notifier in mid-ring: the ring still times out', async () => {
  await using system = await startSystem({ asProcesses: ['notifier'] });
  const { caller, callee } = await ring(system, { ringTimeoutSeconds: 5 });
  await system.process('notifier', 0).kill();
  await caller.hears('call:timeout');
  await callee.hears('call:cancelled');
  endAll([caller, callee]);
});

it('kill -9 of a gateway: its caller is gone when its lease has lapsed, and not before', async () => {
  const settings = { GATEWAY_LEASE_SECONDS: '3', CALLER_GRACE_SECONDS: '1' };
  await using system = await startSystem({ asProcesses: ['socket-gateway'], settings });
  const { caller, callee, callId } = await ring(system);
  await system.process('socket-gateway', 0).kill();
  expect(await callee.hears('call:cancelled')).toMatchObject({ callId });
  const [row] = await system.database.query<{ reason: string; witness: boolean }>(
    `SELECT reason, NOT EXISTS (SELECT FROM call_trace WHERE call_id = $1 AND kind = 'caller_absent' AND at <
      (SELECT max(lease_until) FROM gateways WHERE lease_until < clock_timestamp())) AS witness FROM calls WHERE id = $1`,
    [callId],
  );
  expect(row).toEqual({ reason: 'caller_lost', witness: true });
  endAll([caller, callee]);
});

it('kill -9 of a gateway: a caller that comes back to another one keeps its call', async () => {
  const settings = { GATEWAY_LEASE_SECONDS: '3', CALLER_GRACE_SECONDS: '2' };
  await using system = await startSystem({ asProcesses: ['socket-gateway'], settings });
  const { caller, callee, callId, callerId } = await ring(system);
  await system.process('socket-gateway', 0).kill();
  await using back = await system.connect(1, callerId);
  await until(
    'the dead gateway has no session left',
    async () => (await system.database.query('SELECT FROM sessions WHERE user_id = $1 AND closed_at IS NULL', [callerId])).length === 1,
  );
  expect(await callee.ask('call:accept', { callId })).toMatchObject({ ok: true });
  await back.hears('call:accepted');
  endAll([caller, callee]);
});
