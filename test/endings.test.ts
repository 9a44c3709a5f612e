import { randomUUID } from 'node:crypto';
import { type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aMoment } from './literal.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem({
    settings: { CONNECT_TIMEOUT_SECONDS: '4', CALLER_GRACE_SECONDS: '1', UNREACHABLE_GRACE_SECONDS: '1', GATEWAY_LEASE_SECONDS: '3' },
  });
});
afterAll(() => system[Symbol.asyncDispose]());

/** A caller on the first gateway, a callee on the second, and a call that rings between them. */
const ring = async (place: object = {}) => {
  await using connecting = new AsyncDisposableStack();
  const [callerId, calleeId] = [`caller-${randomUUID()}`, `callee-${randomUUID()}`];
  const caller = connecting.use(await system.connect(0, callerId, { name: 'Ann', picture: 'https://example.com/ann.png' }));
  const callee = connecting.use(await system.connect(1, calleeId));
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId, ...place });
  const callId = call?.id as string;
  const incoming = await callee.hears('call:incoming', (body) => body.callId === callId);
  await caller.hears('call:ringing', (body) => body.callId === callId);
  const connected = connecting.move();
  return { caller, callee, callerId, calleeId, callId, incoming, [Symbol.asyncDispose]: () => connected.disposeAsync() };
};

const statusOf = async (callId: string): Promise<string | undefined> =>
  (await system.database.query<{ state: string }>('SELECT state FROM calls WHERE id = $1', [callId]))[0]?.state;

describe('a call from one gateway to another', () => {
  it('rings with everything that the specification lists', async () => {
    await using call = await ring({ callType: 'VIDEO', channelId: 'room-1', callId: `CALL_${Date.now()}` });
    const now = Date.now();
    expect(call.incoming).toEqual({
      callId: call.callId,
      callerId: call.callerId,
      callerName: 'Ann',
      callerAvatar: 'https://example.com/ann.png',
      callType: 'VIDEO',
      channelId: 'room-1',
      timestamp: expect.any(Number),
      expiresAt: expect.any(Number),
    });
    expect(call.incoming.expiresAt).toBeGreaterThan(now + 50_000);
    expect(call.incoming.expiresAt).toBeLessThanOrEqual(now + 60_500);
    expect(await statusOf(call.callId)).toBe('RINGING');
  });

  it('is accepted and ended by the caller', async () => {
    await using call = await ring({ channelId: 'room-2' });
    expect(await call.callee.ask('call:accept', { callId: call.callId })).toMatchObject({
      ok: true,
      success: true,
      call: { status: 'CONNECTING' },
    });
    expect(await call.caller.hears('call:accepted')).toEqual({
      callId: call.callId,
      acceptedBy: call.calleeId,
      channelId: 'room-2',
      timestamp: expect.any(Number),
    });
    expect(await call.caller.ask('call:end', { callId: call.callId, durationSeconds: 5000 })).toMatchObject({
      ok: true,
      call: { status: 'ENDED', durationSeconds: aMoment },
    });
    expect(await call.callee.hears('call:ended')).toEqual({
      callId: call.callId,
      endedBy: call.callerId,
      reason: expect.any(String),
      durationSeconds: aMoment,
      timestamp: expect.any(Number),
    });
  });

  it('is accepted and ended by the callee', async () => {
    await using call = await ring();
    await call.callee.ask('call:accept', { callId: call.callId });
    await call.callee.ask('call:end', { callId: call.callId });
    expect(await call.caller.hears('call:ended')).toMatchObject({ callId: call.callId, endedBy: call.calleeId });
  });

  it.each([
    [undefined, 'User declined'],
    ['User declined', 'User declined'],
    ['busy', 'User busy'],
    ['manual_reject', 'User declined'],
    ['In a meeting', 'In a meeting'],
    ['unavailable', 'User unavailable'],
  ])('is rejected with %j, which the caller reads as %j', async (given, read) => {
    await using call = await ring();
    const reject = { callId: call.callId, ...(given === undefined ? {} : { reason: given }) };
    expect(await call.callee.ask('call:reject', reject)).toMatchObject({ ok: true, call: { status: 'REJECTED' } });
    expect(await call.caller.hears('call:rejected')).toEqual({ callId: call.callId, reason: read, timestamp: expect.any(Number) });
  });

  it.each([
    [undefined, 'Caller cancelled'],
    ['Caller ended call', 'Caller ended call'],
  ])('is cancelled with %j, which the callee reads as %j', async (given, read) => {
    await using call = await ring();
    await call.caller.ask('call:cancel', { callId: call.callId, ...(given === undefined ? {} : { reason: given }) });
    expect(await call.callee.hears('call:cancelled')).toEqual({ callId: call.callId, reason: read, timestamp: expect.any(Number) });
    expect(await statusOf(call.callId)).toBe('CANCELLED');
  });

  it('is over for both when nobody answers in time', async () => {
    await using call = await ring({ ringTimeoutSeconds: 5 });
    expect(await call.caller.hears('call:timeout')).toMatchObject({ callId: call.callId });
    expect(await call.callee.hears('call:cancelled')).toMatchObject({ callId: call.callId, reason: 'No answer' });
    expect(await statusOf(call.callId)).toBe('MISSED');
    const [row] = await system.database.query<{ late: number }>(
      'SELECT extract(epoch FROM ended_at - ring_deadline_at)::float8 AS late FROM calls WHERE id = $1',
      [call.callId],
    );
    expect(row?.late).toBeGreaterThanOrEqual(0);
    expect(row?.late).toBeLessThan(5);
  });

  it('ends while ringing by the one button that some apps have: cancel for the caller, reject for the callee', async () => {
    await using first = await ring();
    await first.caller.ask('call:end', { callId: first.callId });
    await first.callee.hears('call:cancelled');
    await using second = await ring();
    await second.callee.ask('call:end', { callId: second.callId });
    await second.caller.hears('call:rejected');
    expect([await statusOf(first.callId), await statusOf(second.callId)]).toEqual(['CANCELLED', 'REJECTED']);
  });

  it('is hung up by a cancel that crossed the accept and asked for no answer', async () => {
    await using call = await ring();
    await call.callee.ask('call:accept', { callId: call.callId });
    call.caller.tell('call:cancel', { callId: call.callId, reason: 'Caller ended call' });
    expect(await call.callee.hears('call:ended')).toMatchObject({ endedBy: call.callerId });
    expect(await statusOf(call.callId)).toBe('ENDED');
  });

  it('fails for both when it is accepted and never connects', async () => {
    await using call = await ring();
    await call.callee.ask('call:accept', { callId: call.callId });
    for (const side of [call.caller, call.callee]) {
      expect(await side.hears('call:ended')).toMatchObject({ endedBy: 'system', reason: 'connect_failed' });
    }
    expect(await statusOf(call.callId)).toBe('FAILED');
  });

  it('goes on past the connect timeout once a participant says that it is connected', async () => {
    await using call = await ring();
    await call.callee.ask('call:accept', { callId: call.callId });
    expect(await call.caller.ask('call:connected', { callId: call.callId })).toMatchObject({ ok: true, call: { status: 'ACTIVE' } });
    expect(await call.callee.ask('call:connected', { callId: call.callId })).toMatchObject({ ok: true, call: { status: 'ACTIVE' } });
    expect(await call.callee.ask('call:end', { callId: call.callId })).toMatchObject({ ok: true });
  });

  it('ends for both when it has lasted as long as a call may', async () => {
    await using call = await ring();
    await call.callee.ask('call:accept', { callId: call.callId });
    await call.caller.ask('call:connected', { callId: call.callId });
    const long = "UPDATE calls SET accepted_at = accepted_at - interval '5 hours', due_at = clock_timestamp() WHERE id = $1";
    await system.database.query(long, [call.callId]);
    for (const side of [call.caller, call.callee]) {
      expect(await side.hears('call:ended')).toMatchObject({ endedBy: 'system', reason: 'max_duration' });
    }
  });

  it('is cancelled when the caller is gone past its grace', async () => {
    await using call = await ring();
    call.caller.socket.disconnect();
    expect(await call.callee.hears('call:cancelled')).toMatchObject({ callId: call.callId, reason: 'Caller cancelled' });
    expect(await statusOf(call.callId)).toBe('CANCELLED');
  });

  it('is rejected as offline when the callee is gone past the grace', async () => {
    await using call = await ring();
    call.callee.socket.disconnect();
    expect(await call.caller.hears('call:rejected')).toMatchObject({ callId: call.callId, reason: 'User offline' });
  });

  it('is rejected as offline when nobody hears it ring', async () => {
    await using caller = await system.connect(0, `caller-${randomUUID()}`);
    const { call } = await caller.ask('call:initiate', { receiverId: `nobody-${randomUUID()}` });
    expect(call?.status).toBe('INITIATING');
    expect(await caller.hears('call:rejected')).toMatchObject({ callId: call?.id, reason: 'User offline' });
  });

  it('ends when both sides are gone past the lease', async () => {
    await using call = await ring();
    await call.callee.ask('call:accept', { callId: call.callId });
    await call.caller.ask('call:connected', { callId: call.callId });
    call.caller.socket.disconnect();
    call.callee.socket.disconnect();
    await until('the call is lost', async () => (await statusOf(call.callId)) === 'ENDED');
  });

  it('finds somebody busy at once', async () => {
    await using call = await ring();
    await using other = await system.connect(1, `other-${randomUUID()}`);
    const { call: refused } = await other.ask('call:initiate', { receiverId: call.calleeId });
    expect(refused).toMatchObject({ status: 'REJECTED' });
    expect(await other.hears('call:rejected')).toMatchObject({ callId: refused?.id, reason: 'User busy' });
    expect(call.callee.namesFor(refused?.id as string)).toEqual([]);
  });

  it('becomes one call when each rings the other, and both hear that they were accepted', async () => {
    await using ann = await system.connect(0, `ann-${randomUUID()}`);
    const bobId = `bob-${randomUUID()}`;
    await using bob = await system.connect(1, bobId);
    const [mine, theirs] = [`mine-${randomUUID()}`, `theirs-${randomUUID()}`];
    await ann.ask('call:initiate', { receiverId: bobId, callId: mine, channelId: 'room' });
    const { callerId } = await bob.hears('call:incoming');
    const merged = await bob.ask('call:initiate', { receiverId: callerId, callId: theirs });
    expect(merged.call).toMatchObject({ id: mine, status: 'CONNECTING', channelId: 'room' });
    expect(await ann.hears('call:accepted')).toMatchObject({ callId: mine, acceptedBy: bobId });
    expect(await bob.hears('call:accepted')).toMatchObject({ callId: theirs, channelId: 'room' });
    await bob.ask('call:end', { callId: theirs });
    expect(await ann.hears('call:ended')).toMatchObject({ callId: mine });
  });
});

describe('many devices', () => {
  it('all ring, one wins, the others stop', async () => {
    const calleeId = `callee-${randomUUID()}`;
    await using caller = await system.connect(0, `caller-${randomUUID()}`);
    await using phone = await system.connect(0, calleeId, { deviceId: 'phone' });
    await using tablet = await system.connect(1, calleeId, { deviceId: 'tablet' });
    const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
    await Promise.all([phone.hears('call:incoming'), tablet.hears('call:incoming')]);
    await tablet.ask('call:accept', { callId: call?.id });
    expect(await phone.hears('call:cancelled')).toMatchObject({ callId: call?.id, reason: 'answered_elsewhere' });
    await caller.ask('call:end', { callId: call?.id });
    await tablet.hears('call:ended');
    expect(tablet.namesFor(call?.id as string)).toEqual(['call:incoming', 'call:ended']);
  });

  it('stop ringing when another one declines, and the caller hears once', async () => {
    const calleeId = `callee-${randomUUID()}`;
    await using caller = await system.connect(0, `caller-${randomUUID()}`);
    await using phone = await system.connect(0, calleeId);
    await using tablet = await system.connect(1, calleeId);
    const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
    await Promise.all([phone.hears('call:incoming'), tablet.hears('call:incoming')]);
    await phone.ask('call:reject', { callId: call?.id });
    expect(await tablet.hears('call:cancelled')).toMatchObject({ reason: 'declined_elsewhere' });
    await caller.hears('call:rejected');
    expect(caller.namesFor(call?.id as string).filter((name) => name === 'call:rejected')).toHaveLength(1);
  });
});
