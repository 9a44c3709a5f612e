import { randomUUID } from 'node:crypto';
import { until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataOf, type PushSystem, startPushSystem } from './push-system.ts';

let world: PushSystem;

beforeAll(async () => {
  world = await startPushSystem({ settings: { CALLER_GRACE_SECONDS: '1', UNREACHABLE_GRACE_SECONDS: '1' } });
});
afterAll(() => world[Symbol.asyncDispose]());

const people = () => ({ ann: `ann-${randomUUID()}`, bob: `bob-${randomUUID()}` });

const callFrom = async (callerId: string, calleeId: string, place: object = {}) => {
  const caller = await world.system.connect(0, callerId, { name: 'Ann', picture: 'https://example.com/ann.png' });
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId, ...place });
  return { caller, callId: call?.id as string };
};

const stateOf = async (callId: string): Promise<string | undefined> =>
  (await world.system.database.query<{ state: string }>('SELECT state FROM calls WHERE id = $1', [callId]))[0]?.state;

describe('a caller who cancels stops the ring', () => {
  it('of a phone whose socket is up, on the socket and by push', async () => {
    const { ann, bob } = people();
    const token = await world.fcm(bob);
    await using phone = await world.system.connect(1, bob);
    const { caller, callId } = await callFrom(ann, bob);
    await using _caller = caller;
    await phone.hears('call:incoming', (body) => body.callId === callId);
    await world.arrives(token, 'incoming_call');
    await caller.ask('call:cancel', { callId, reason: 'Caller ended call' });
    expect(await phone.hears('call:cancelled')).toMatchObject({ callId, reason: 'Caller ended call' });
    expect(dataOf(await world.arrives(token, 'call_cancelled'))).toEqual({
      type: 'call_cancelled',
      callId,
      callerId: ann,
      reason: 'cancelled',
    });
  });

  it('of a phone whose socket is down, by push', async () => {
    const { ann, bob } = people();
    const token = await world.fcm(bob);
    const phone = await world.system.connect(1, bob);
    await phone[Symbol.asyncDispose]();
    const { caller, callId } = await callFrom(ann, bob);
    await using _caller = caller;
    const ring = await world.arrives(token, 'incoming_call');
    await caller.hears('call:ringing');
    expect(dataOf(ring)).toEqual({
      type: 'incoming_call',
      callId,
      callerId: ann,
      callerName: 'Ann',
      callerAvatar: 'https://example.com/ann.png',
      callType: 'AUDIO',
      channelId: callId,
      expiresAt: expect.stringMatching(/^\d+$/),
    });
    await caller.ask('call:cancel', { callId });
    await world.arrives(token, 'missed_call');
    expect(world.typesAt(token)).toEqual(['incoming_call', 'call_cancelled', 'missed_call']);
  });

  it('of an app that was killed, by push alone', async () => {
    const { ann, bob } = people();
    const token = await world.fcm(bob);
    const { caller, callId } = await callFrom(ann, bob);
    await using _caller = caller;
    await world.arrives(token, 'incoming_call');
    await caller.hears('call:ringing');
    await caller.ask('call:cancel', { callId });
    expect(dataOf(await world.arrives(token, 'call_cancelled'))).toMatchObject({ callId, callerId: ann });
    await using late = await world.system.connect(1, bob);
    expect(await late.hears('call:cancelled')).toMatchObject({ callId });
  });
});

it('an FCM push of a call is data alone, hurries, lives as long as the ring, and its stop replaces it', async () => {
  const { ann, bob } = people();
  const token = await world.fcm(bob);
  const { caller, callId } = await callFrom(ann, bob, { ringTimeoutSeconds: 30 });
  await using _caller = caller;
  const ring = await world.arrives(token, 'incoming_call');
  await caller.ask('call:cancel', { callId });
  const stop = await world.arrives(token, 'call_cancelled');
  if (ring.provider !== 'fcm' || stop.provider !== 'fcm') throw new Error('a token got no FCM push');
  expect(ring.message.notification).toBeUndefined();
  expect(ring.message.android).toMatchObject({ priority: 'high', collapse_key: stop.message.android?.collapse_key });
  const ttlSeconds = Number.parseFloat(ring.message.android?.ttl ?? '');
  expect(ttlSeconds).toBeGreaterThan(20);
  expect(ttlSeconds).toBeLessThanOrEqual(30);
});

it('a browser gets ring and stop as Web Push under one topic, and reads them with its keys', async () => {
  const { ann, bob } = people();
  const { endpoint } = await world.browser(bob);
  const { caller, callId } = await callFrom(ann, bob);
  await using _caller = caller;
  const ring = await world.arrives(endpoint, 'incoming_call');
  await caller.hears('call:ringing');
  await caller.ask('call:cancel', { callId });
  const stop = await world.arrives(endpoint, 'call_cancelled');
  if (ring.provider !== 'web_push' || stop.provider !== 'web_push') throw new Error('an endpoint got no Web Push');
  expect(ring).toMatchObject({ urgency: 'high', payload: { requireInteraction: true, data: { type: 'incoming_call', callId } } });
  expect(ring.topic).toBe(stop.topic);
  expect(ring.ttlSeconds).toBeGreaterThan(40);
  expect(ring.ttlSeconds).toBeLessThanOrEqual(60);
});

describe('the stop follows', () => {
  const reasonAt = async (token: string): Promise<string | undefined> => dataOf(await world.arrives(token, 'call_cancelled'))['reason'];

  it('a caller who is gone, and a missed call is told of', async () => {
    const { ann, bob } = people();
    const token = await world.fcm(bob);
    const { caller } = await callFrom(ann, bob);
    await world.arrives(token, 'incoming_call');
    await caller[Symbol.asyncDispose]();
    expect(await reasonAt(token)).toBe('caller_lost');
    expect(dataOf(await world.arrives(token, 'missed_call'))).toMatchObject({ callerId: ann, callerName: 'Ann' });
  });

  it('a ring that nobody answered, and a missed call is told of', async () => {
    const { ann, bob } = people();
    const token = await world.fcm(bob);
    const { caller } = await callFrom(ann, bob, { ringTimeoutSeconds: 5 });
    await using _caller = caller;
    expect(await reasonAt(token)).toBe('no_response');
    expect(dataOf(await world.arrives(token, 'missed_call'))).toMatchObject({ callerId: ann, callerName: 'Ann' });
    await caller.hears('call:timeout');
  });

  it('an accept, to every device but the one that accepted', async () => {
    const { ann, bob } = people();
    const phone = await world.fcm(bob, 'phone');
    const tablet = await world.fcm(bob, 'tablet');
    await using device = await world.system.connect(1, bob, { deviceId: 'phone' });
    const { caller, callId } = await callFrom(ann, bob);
    await using _caller = caller;
    await device.hears('call:incoming');
    await device.ask('call:accept', { callId });
    expect(await reasonAt(tablet)).toBe('answered_elsewhere');
    const stopped = await world.system.database.query(
      `SELECT t.address FROM pushes p JOIN push_targets t ON t.id = p.target_id WHERE p.call_id = $1 AND p.type = 'call_cancelled'`,
      [callId],
    );
    expect(stopped).toEqual([{ address: tablet }]);
    expect(world.typesAt(phone)).not.toContain('call_cancelled');
  });

  it('an accept by a device without a name, but not to an only target', async () => {
    const { ann, bob } = people();
    const token = await world.fcm(bob);
    await using device = await world.system.connect(1, bob);
    const { caller, callId } = await callFrom(ann, bob);
    await using _caller = caller;
    await device.hears('call:incoming');
    await device.ask('call:accept', { callId });
    await caller.hears('call:accepted');
    const queued = await world.system.database.query(`SELECT FROM pushes WHERE call_id = $1 AND type = 'call_cancelled'`, [callId]);
    expect([queued.length, world.typesAt(token).includes('call_cancelled')]).toEqual([0, false]);
  });

  it('a decline on another device', async () => {
    const { ann, bob } = people();
    const tablet = await world.fcm(bob, 'tablet');
    await using device = await world.system.connect(1, bob, { deviceId: 'phone' });
    const { caller, callId } = await callFrom(ann, bob);
    await using _caller = caller;
    await device.hears('call:incoming');
    await device.ask('call:reject', { callId });
    expect(await reasonAt(tablet)).toBe('declined_elsewhere');
  });

  it('the end of a ring whose callee has lost its last target', async () => {
    const { ann, bob } = people();
    const token = await world.fcm(bob);
    world.standIn.unregister(token);
    const { caller, callId } = await callFrom(ann, bob);
    await using _caller = caller;
    expect(await caller.hears('call:rejected')).toMatchObject({ callId, reason: 'User offline' });
    expect(await world.system.database.query('SELECT FROM push_targets WHERE address = $1', [token])).toEqual([]);
  });
});

describe('a provider', () => {
  it('that says that a target is gone has it removed, and the others still ring', async () => {
    const { ann, bob } = people();
    const [dead, alive] = [await world.fcm(bob), await world.fcm(bob)];
    const { endpoint } = await world.browser(bob);
    world.standIn.unregister(dead);
    world.standIn.unregister(endpoint);
    const { caller } = await callFrom(ann, bob);
    await using _caller = caller;
    await world.arrives(alive, 'incoming_call');
    const left = () => world.system.database.query<{ address: string }>('SELECT address FROM push_targets WHERE user_id = $1', [bob]);
    await until('both are removed', async () => (await left()).length === 1);
    expect(await left()).toEqual([{ address: alive }]);
  });

  it('that is down for a moment is asked again', async () => {
    const { ann, bob } = people();
    const [token, { endpoint }] = [await world.fcm(bob), await world.browser(bob)];
    world.standIn.script({ target: token, status: 503 });
    world.standIn.script({ target: endpoint, status: 503, retryAfterSeconds: 1 });
    const { caller, callId } = await callFrom(ann, bob);
    await using _caller = caller;
    await world.arrives(token, 'incoming_call');
    await world.arrives(endpoint, 'incoming_call');
    const refused = world.standIn.attempts().filter(({ target, status }) => [token, endpoint].includes(target) && status === 503);
    expect(refused.map(({ provider }) => provider).sort()).toEqual(['fcm', 'web_push']);
    expect(await stateOf(callId)).toBe('RINGING');
  });

  it('leaves what it said in the trace of the call', async () => {
    const { ann, bob } = people();
    const token = await world.fcm(bob, 'phone');
    const { caller, callId } = await callFrom(ann, bob);
    await using _caller = caller;
    await caller.hears('call:ringing');
    const trace = await world.system.database.query<{ kind: string; device_id: string; provider: string | null }>(
      `SELECT kind, device_id, detail->>'providerId' AS provider FROM call_trace WHERE call_id = $1 AND kind LIKE 'push%' ORDER BY id`,
      [callId],
    );
    expect(trace.map(({ kind, device_id }) => [kind, device_id])).toEqual([
      ['push_queued', 'phone'],
      ['push_queued', 'phone'],
      ['push_accepted', 'phone'],
    ]);
    expect(trace.at(-1)?.provider).toMatch(/^projects\//);
    expect(world.typesAt(token)).toEqual(['incoming_call']);
  });
});

describe('with PUSH_RING=when_unacknowledged', () => {
  it('a ring is pushed to whom no device answers for, and not where one has acknowledged', async () => {
    await using patient = await startPushSystem({ settings: { PUSH_RING: 'when_unacknowledged', PUSH_ESCALATE_MS: '3000' } });
    const [first, second] = [people(), people()];
    const [asleep, awake] = [await patient.fcm(first.bob), await patient.fcm(second.bob)];
    await using phone = await patient.system.connect(1, second.bob);
    await using caller = await patient.system.connect(0, second.ann);
    await using other = await patient.system.connect(0, first.ann);
    const { call } = await caller.ask('call:initiate', { receiverId: second.bob });
    await phone.hears('call:incoming');
    await phone.ask('call:ringing', { callId: call?.id });
    await other.ask('call:initiate', { receiverId: first.bob });
    await patient.arrives(asleep, 'incoming_call');
    await other.hears('call:ringing');
    const kindsOf = () =>
      patient.system.database.query<{ kind: string }>(`SELECT kind FROM call_trace WHERE call_id = $1 AND kind LIKE 'push%'`, [call?.id]);
    await until('the push is found needless', async () => (await kindsOf()).some(({ kind }) => kind === 'push_dropped'));
    expect(patient.typesAt(awake)).toEqual([]);
  });
});

it('a device that never acknowledged is rung again at half of the time, one that did is not', async () => {
  const { ann, bob } = people();
  const [asleep, awake] = [await world.fcm(bob, 'asleep'), await world.fcm(bob, 'awake')];
  await using device = await world.system.connect(1, bob, { deviceId: 'awake' });
  const { caller, callId } = await callFrom(ann, bob, { ringTimeoutSeconds: 8 });
  await using _caller = caller;
  await device.hears('call:incoming');
  await device.ask('call:ringing', { callId });
  await caller.hears('call:timeout');
  await world.arrives(asleep, 'call_cancelled');
  await world.arrives(awake, 'call_cancelled');
  const rings = (token: string) => world.typesAt(token).filter((type) => type === 'incoming_call').length;
  expect([rings(asleep), rings(awake)]).toEqual([2, 1]);
});
