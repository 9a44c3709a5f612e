import { randomUUID } from 'node:crypto';
import { type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let system: System;

beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system[Symbol.asyncDispose]());

it('a device that signs in while it rings rings too, with the time that is left', async () => {
  const calleeId = `callee-${randomUUID()}`;
  await using caller = await system.connect(0, `caller-${randomUUID()}`);
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId, ringTimeoutSeconds: 20 });
  await using late = await system.connect(1, calleeId);
  const incoming = await late.hears('call:incoming');
  expect(incoming).toMatchObject({ callId: call?.id });
  expect(incoming.expiresAt).toBeLessThanOrEqual(Date.now() + 20_500);
  await caller.hears('call:ringing');
});

it('a device that signs in with less than three seconds left does not ring', async () => {
  const calleeId = `callee-${randomUUID()}`;
  await using caller = await system.connect(0, `caller-${randomUUID()}`);
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
  await system.database.query("UPDATE calls SET ring_deadline_at = clock_timestamp() + interval '2 seconds' WHERE id = $1", [call?.id]);
  await using late = await system.connect(1, calleeId);
  await system.database.query('UPDATE calls SET due_at = ring_deadline_at WHERE id = $1', [call?.id]);
  await caller.hears('call:timeout');
  expect(late.heard.filter(({ name }) => name === 'call:incoming')).toEqual([]);
});

it('a device that was away when the call ended hears of it once when it is back', async () => {
  const calleeId = `callee-${randomUUID()}`;
  await using caller = await system.connect(0, `caller-${randomUUID()}`);
  await using phone = await system.connect(1, calleeId, { deviceId: 'phone' });
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
  await phone.hears('call:incoming');
  await until(
    'the ring is in the trace',
    async () => (await system.database.query("SELECT FROM call_trace WHERE call_id = $1 AND kind = 'ring_sent'", [call?.id])).length > 0,
  );
  phone.socket.disconnect();
  await until(
    'the session is closed',
    async () => (await system.database.query('SELECT FROM sessions WHERE user_id = $1 AND closed_at IS NULL', [calleeId])).length === 0,
  );
  await caller.ask('call:cancel', { callId: call?.id });
  await using back = await system.connect(0, calleeId, { deviceId: 'phone' });
  expect(await back.hears('call:cancelled')).toMatchObject({ callId: call?.id });
  await until(
    'the stop is in the trace',
    async () => (await system.database.query("SELECT FROM call_trace WHERE call_id = $1 AND kind = 'stop_sent'", [call?.id])).length > 0,
  );
  await using again = await system.connect(0, calleeId, { deviceId: 'phone' });
  await again.ask('call:accept', { callId: 'a-round-trip' });
  expect(again.heard).toEqual([]);
});

it('a caller that reconnects within its grace keeps its call', async () => {
  const [callerId, calleeId] = [`caller-${randomUUID()}`, `callee-${randomUUID()}`];
  const caller = await system.connect(0, callerId);
  await using callee = await system.connect(1, calleeId);
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
  await callee.hears('call:incoming');
  caller.socket.disconnect();
  await until(
    'the caller is known to be gone',
    async () => (await system.database.query('SELECT FROM calls WHERE id = $1 AND caller_absent_at IS NOT NULL', [call?.id])).length > 0,
  );
  await using back = await system.connect(1, callerId);
  await until(
    'the caller is known to be back',
    async () => (await system.database.query('SELECT FROM calls WHERE id = $1 AND caller_absent_at IS NULL', [call?.id])).length > 0,
  );
  await callee.ask('call:accept', { callId: call?.id });
  expect(await back.hears('call:accepted')).toMatchObject({ callId: call?.id });
});

it('a device that was away when another one without a name accepted hears of it when it is back', async () => {
  const calleeId = `callee-${randomUUID()}`;
  await using caller = await system.connect(0, `caller-${randomUUID()}`);
  await using nameless = await system.connect(0, calleeId);
  await using phone = await system.connect(1, calleeId, { deviceId: 'phone' });
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
  await Promise.all([phone.hears('call:incoming'), nameless.hears('call:incoming')]);
  await until(
    'both rings are in the trace',
    async () => (await system.database.query("SELECT FROM call_trace WHERE call_id = $1 AND kind = 'ring_sent'", [call?.id])).length === 2,
  );
  phone.socket.disconnect();
  await until(
    'the session is closed',
    async () =>
      (await system.database.query("SELECT FROM sessions WHERE device_id = 'phone' AND user_id = $1 AND closed_at IS NULL", [calleeId]))
        .length === 0,
  );
  await nameless.ask('call:accept', { callId: call?.id });
  await using back = await system.connect(1, calleeId, { deviceId: 'phone' });
  expect(await back.hears('call:cancelled')).toMatchObject({ callId: call?.id, reason: 'answered_elsewhere' });
  await caller.ask('call:end', { callId: call?.id });
});

it('somebody in a call who reconnects without a device id is not told to stop', async () => {
  const calleeId = `callee-${randomUUID()}`;
  await using caller = await system.connect(0, `caller-${randomUUID()}`);
  const callee = await system.connect(1, calleeId);
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
  await callee.hears('call:incoming');
  await callee.ask('call:accept', { callId: call?.id });
  callee.socket.disconnect();
  await using back = await system.connect(0, calleeId);
  await caller.ask('call:end', { callId: call?.id });
  await back.hears('call:ended');
  expect(back.namesFor(call?.id as string)).toEqual(['call:ended']);
});
