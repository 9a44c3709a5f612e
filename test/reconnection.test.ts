import { randomUUID } from 'node:crypto';
import { type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let system: System;

beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system[Symbol.asyncDispose]());

/** Resolves when nobody of that user has a session any more. */
const untilGone = (userId: string): Promise<unknown> =>
  until(
    'the sessions are closed',
    async () => (await system.database.query('SELECT FROM sessions WHERE user_id = $1 AND closed_at IS NULL', [userId])).length === 0,
  );

/** Resolves when so many steps of that kind are in the trace of that call. */
const untilTraced = (callId: string | undefined, kind: 'ring_sent' | 'stop_sent', count = 1): Promise<unknown> =>
  until(
    `${kind} is in the trace`,
    async () => (await system.database.query('SELECT FROM call_trace WHERE call_id = $1 AND kind = $2', [callId, kind])).length >= count,
  );

/** When the call was accepted or ended, in epoch milliseconds. */
const storedAt = async (moment: 'accepted_at' | 'ended_at', callId: string | undefined): Promise<number | undefined> => {
  const [stored] = await system.database.query<{ at: number }>(
    `SELECT round(extract(epoch FROM ${moment}) * 1000)::float8 AS at FROM calls WHERE id = $1`,
    [callId],
  );
  return stored?.at;
};

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
  await untilTraced(call?.id, 'ring_sent');
  phone.socket.disconnect();
  await untilGone(calleeId);
  await caller.ask('call:cancel', { callId: call?.id });
  await using back = await system.connect(0, calleeId, { deviceId: 'phone' });
  expect(await back.hears('call:cancelled')).toMatchObject({ callId: call?.id });
  await untilTraced(call?.id, 'stop_sent');
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
  await untilTraced(call?.id, 'ring_sent', 2);
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

it.each([
  ['with a device id', { deviceId: 'phone' }],
  ['without', {}],
] as const)('who accepted over REST before any socket rang hears of the end that came while it was away, %s', async (_, claims) => {
  const calleeId = `callee-${randomUUID()}`;
  await using caller = await system.connect(0, `caller-${randomUUID()}`);
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
  const rest = await system.rest(calleeId, claims);
  expect(await rest.post(`/api/v1/calls/${call?.id}/accept`, {})).toMatchObject({ status: 200 });
  const callee = await system.connect(1, calleeId, claims);
  await callee.ask('call:accept', { callId: 'a-round-trip' });
  callee.socket.disconnect();
  await untilGone(calleeId);
  await caller.ask('call:end', { callId: call?.id });
  await using back = await system.connect(0, calleeId, claims);
  expect(await back.hears('call:ended')).toMatchObject({ callId: call?.id });
});

it('the stop of a ring does not count as that of the call, where devices have no names', async () => {
  const calleeId = `callee-${randomUUID()}`;
  await using caller = await system.connect(0, `caller-${randomUUID()}`);
  const [phone, page] = [await system.connect(0, calleeId), await system.connect(1, calleeId)];
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
  await Promise.all([phone.hears('call:incoming'), page.hears('call:incoming')]);
  await phone.ask('call:accept', { callId: call?.id });
  await page.hears('call:cancelled');
  await untilTraced(call?.id, 'stop_sent');
  for (const { socket } of [phone, page]) socket.disconnect();
  await untilGone(calleeId);
  await caller.ask('call:end', { callId: call?.id });
  await using back = await system.connect(0, calleeId);
  expect(await back.hears('call:ended')).toMatchObject({ callId: call?.id });
});

it('a device of the caller that had no part in a call hears nothing of its end, and the one that placed it hears when it was', async () => {
  const callerId = `caller-${randomUUID()}`;
  const calleeId = `callee-${randomUUID()}`;
  const phone = await system.connect(0, callerId, { deviceId: 'phone' });
  await using callee = await system.connect(1, calleeId);
  const { call } = await phone.ask('call:initiate', { receiverId: calleeId });
  await callee.hears('call:incoming');
  phone.socket.disconnect();
  await untilGone(callerId);
  await callee.ask('call:reject', { callId: call?.id });
  await using tablet = await system.connect(0, callerId, { deviceId: 'tablet' });
  await tablet.ask('call:accept', { callId: 'a-round-trip' });
  expect(tablet.heard).toEqual([]);
  await using back = await system.connect(0, callerId, { deviceId: 'phone' });
  const rejected = await back.hears('call:rejected');
  expect(rejected).toMatchObject({ callId: call?.id, timestamp: await storedAt('ended_at', call?.id) });
});

it('a caller that comes back to an accepted call hears when it was accepted', async () => {
  const callerId = `caller-${randomUUID()}`;
  const calleeId = `callee-${randomUUID()}`;
  const caller = await system.connect(0, callerId, { deviceId: 'phone' });
  await using callee = await system.connect(1, calleeId);
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
  await callee.hears('call:incoming');
  caller.socket.disconnect();
  await untilGone(callerId);
  await callee.ask('call:accept', { callId: call?.id });
  await using back = await system.connect(0, callerId, { deviceId: 'phone' });
  const accepted = await back.hears('call:accepted');
  expect(accepted).toMatchObject({ callId: call?.id, timestamp: await storedAt('accepted_at', call?.id) });
  await back.ask('call:end', { callId: call?.id });
});
