import { randomUUID } from 'node:crypto';
import { TrunklineError } from '@trunkline/client';
import { type System, startFaultProxy, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientPhone, clientPhone, ringBetween } from './client-phones.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system[Symbol.asyncDispose]());

const two = async (): Promise<{ caller: ClientPhone; callee: ClientPhone } & Disposable> => {
  const caller = await clientPhone(system, [0], `caller-${randomUUID()}`, { claims: { name: 'Ann', deviceId: randomUUID() } });
  const callee = await clientPhone(system, [1], `callee-${randomUUID()}`, { claims: { deviceId: 'phone' } });
  await Promise.all([caller.connected(), callee.connected()]);
  return {
    caller,
    callee,
    [Symbol.dispose]: () => {
      caller[Symbol.dispose]();
      callee[Symbol.dispose]();
    },
  };
};

describe('a call between two clients on two gateways', () => {
  it('is answered and hung up, and lasts as long on both sides', async () => {
    using phones = await two();
    const { caller, callee } = phones;
    const { out, incoming } = await ringBetween(caller, callee, { callType: 'VIDEO', channelId: 'room' });
    expect(incoming).toMatchObject({ callerName: 'Ann', peerId: caller.userId, callType: 'VIDEO', channelId: 'room', isRinging: true });
    expect(incoming.ringMsLeft).toBeGreaterThan(0);
    await incoming.accept();
    expect(incoming).toMatchObject({ state: 'CONNECTING', isRinging: false });
    await until('the caller hears it', () => out.state === 'CONNECTING');
    await Promise.all([incoming.connected(), out.connected()]);
    await out.signal({ type: 'offer', sdp: 'v=0' });
    await until('the callee hears the signal', () => callee.told.some(({ name }) => name === 'signal'));
    await incoming.quality('BAD');
    await until('the caller is warned', () => caller.told.some(({ name }) => name === 'quality'));
    const ended = await out.end();
    expect(await incoming.finished).toEqual(ended);
    expect(ended).toMatchObject({ state: 'ENDED', event: 'ended', endedBy: caller.userId, durationSeconds: expect.any(Number) });
    expect(caller.namesFor(out.id)).toEqual(['ringing', 'accepted', 'quality', 'ended']);
    expect(callee.namesFor(out.id)).toEqual(['incoming', 'stopped', 'accepted', 'signal', 'ended']);
    expect([caller.client.calls, callee.client.calls]).toEqual([[], []]);
  });

  it('is rejected in the words of the callee', async () => {
    using phones = await two();
    const { out, incoming } = await ringBetween(phones.caller, phones.callee);
    expect(await incoming.reject('In a meeting')).toMatchObject({ state: 'REJECTED', reason: 'In a meeting' });
    expect(await out.finished).toMatchObject({ state: 'REJECTED', event: 'rejected', reason: 'In a meeting' });
    expect(phones.callee.namesFor(out.id)).toEqual(['incoming', 'stopped', 'rejected']);
  });

  it('is cancelled, which `end` does as well', async () => {
    using phones = await two();
    const first = await ringBetween(phones.caller, phones.callee);
    expect(await first.out.cancel('Never mind')).toMatchObject({ state: 'CANCELLED' });
    expect(await first.incoming.finished).toMatchObject({ state: 'CANCELLED', event: 'cancelled', reason: 'Never mind' });
    const second = await ringBetween(phones.caller, phones.callee);
    await second.out.end();
    expect(await second.incoming.finished).toMatchObject({ state: 'CANCELLED', reason: 'Caller cancelled' });
  });

  it('times out on both sides', async () => {
    using phones = await two();
    const { out, incoming } = await ringBetween(phones.caller, phones.callee, { ringTimeoutSeconds: 5 });
    const outcome = await incoming.finished;
    expect(outcome).toMatchObject({ state: 'MISSED', event: 'timeout' });
    expect(await out.finished).toEqual(outcome);
    expect(phones.callee.namesFor(out.id)).toEqual(['incoming', 'stopped', 'timeout']);
  });

  it('is rejected at once by somebody busy', async () => {
    using phones = await two();
    using third = await clientPhone(system, [0], `third-${randomUUID()}`);
    await ringBetween(phones.caller, phones.callee);
    const second = third.client.place(phones.callee.userId);
    expect(await second.finished).toMatchObject({ state: 'REJECTED', event: 'rejected', reason: 'User busy' });
    expect(third.namesFor(second.id)).toEqual(['rejected']);
  });

  it('is answered on one device and stops on the others', async () => {
    using phones = await two();
    using tablet = await clientPhone(system, [0], phones.callee.userId, { claims: { deviceId: 'tablet' } });
    await tablet.connected();
    const { out, incoming } = await ringBetween(phones.caller, phones.callee);
    const other = await tablet.rings(out.id);
    await incoming.accept();
    expect(await other.finished).toMatchObject({ state: 'ANSWERED_ELSEWHERE', reason: 'answered_elsewhere' });
    await expect(other.accept()).rejects.toMatchObject({ code: 'invalid_status' });
    await out.end();
    await incoming.finished;
    expect(tablet.namesFor(out.id)).toEqual(['incoming', 'stopped', 'cancelled']);
  });

  it('is one call when both place it, under the channel that counts', async () => {
    using phones = await two();
    const { caller, callee } = phones;
    const outs = [caller.client.place(callee.userId, { channelId: 'one' }), callee.client.place(caller.userId, { channelId: 'two' })];
    await until('both are answered', () => outs.every(({ state }) => state === 'CONNECTING'));
    expect(outs[0]?.channelId).toBe(outs[1]?.channelId);
    await outs[0]?.end();
    expect(await outs[1]?.finished).toMatchObject({ state: 'ENDED' });
    expect([...caller.client.calls, ...callee.client.calls]).toEqual([]);
  });

  it('keeps ringing nowhere when the second place merges into a ring', async () => {
    using phones = await two();
    const { caller, callee } = phones;
    using tablet = await clientPhone(system, [0], callee.userId, { claims: { deviceId: 'tablet' } });
    await tablet.connected();
    const { out, incoming } = await ringBetween(caller, callee);
    const onTablet = await tablet.rings(out.id);
    const back = callee.client.place(caller.userId);
    await back.placed;
    expect(await incoming.finished).toMatchObject({
      state: 'ANSWERED_ELSEWHERE',
      reason: expect.stringMatching(/^(merged|answered_elsewhere)$/),
    });
    expect(await onTablet.finished).toMatchObject({ state: 'ANSWERED_ELSEWHERE' });
    await until('the other side hears it', () => out.state === 'CONNECTING');
    expect([back.state, back.channelId]).toEqual(['CONNECTING', out.channelId]);
    await back.end();
    expect(await out.finished).toMatchObject({ state: 'ENDED', endedBy: callee.userId });
  });

  it('is taken up under the id that its second caller knows it by, and is over there too', async () => {
    using phones = await two();
    const { out } = await ringBetween(phones.caller, phones.callee);
    const back = phones.callee.client.place(phones.caller.userId);
    await back.placed;
    phones.callee.client.close();
    using again = await clientPhone(system, [0], phones.callee.userId, { claims: { deviceId: 'phone' } });
    await again.connected();
    const resumed = await again.client.resume(back.id);
    await out.end();
    expect([resumed?.id, await resumed?.finished]).toMatchObject([back.id, { state: 'ENDED', reason: 'Call ended' }]);
  });
});

describe('who is too late', () => {
  it('learns which state won, and hears one end', async () => {
    using phones = await two();
    using tablet = await clientPhone(system, [0], phones.callee.userId, { claims: { deviceId: 'tablet' } });
    await tablet.connected();
    const { out, incoming } = await ringBetween(phones.caller, phones.callee);
    const other = await tablet.rings(out.id);
    const [first, second] = await Promise.allSettled([incoming.accept(), other.accept()]);
    expect([first.status, second.status].sort()).toEqual(['fulfilled', 'rejected']);
    const error = [first, second].flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))[0];
    expect(error).toBeInstanceOf(TrunklineError);
    expect(error).toMatchObject({ code: 'invalid_status', status: 'CONNECTING' });
    await until('one has stopped', () => [incoming, other].filter(({ isOver }) => isOver).length === 1);
    await out.end();
    await Promise.all([incoming.finished, other.finished]);
  });

  it('may reject what is over without an error', async () => {
    using phones = await two();
    const { out, incoming } = await ringBetween(phones.caller, phones.callee);
    const [outcome] = await Promise.all([incoming.reject(), out.cancel()]);
    expect(await out.finished).toMatchObject({ state: outcome.state });
  });

  it('cannot cancel what was answered, but end it', async () => {
    using phones = await two();
    const { out, incoming } = await ringBetween(phones.caller, phones.callee);
    await incoming.accept();
    await expect(out.cancel()).rejects.toMatchObject({ code: 'invalid_status', status: 'CONNECTING' });
    await out.end();
    expect(await incoming.finished).toMatchObject({ state: 'ENDED' });
  });
});

describe('beside calls', () => {
  it('somebody who cannot be placed a call to fails with the reason', async () => {
    using phones = await two();
    const { caller } = phones;
    const call = caller.client.place(caller.userId);
    await expect(call.placed).rejects.toMatchObject({ code: 'invalid_status' });
    expect(await call.finished).toMatchObject({ state: 'FAILED', event: 'failed', error: { code: 'invalid_status' } });
  });

  it('presence, history and blocks come over REST, and presence of the other side as it changes', async () => {
    using phones = await two();
    const { caller, callee } = phones;
    const { out, incoming } = await ringBetween(caller, callee);
    await incoming.accept();
    expect(await caller.client.presence([callee.userId, 'nobody'])).toMatchObject([{ online: true }, { online: false }]);
    callee.client.close();
    await until('the caller hears that the other has gone', () =>
      caller.told.some(({ name, event }) => name === 'presence' && !event.online && event.userId === callee.userId),
    );
    await out.end();
    const { items, nextCursor } = await caller.client.history({ limit: 5 });
    expect([items.length, nextCursor]).toEqual([1, null]);
    expect(items[0]).toMatchObject({ id: out.id, kind: 'outgoing', peerId: callee.userId, status: 'ENDED', reason: 'hung_up' });
    await caller.client.blocks.add(callee.userId);
    expect([await caller.client.blocks.list(), await caller.client.blocks.has(callee.userId)]).toEqual([[callee.userId], true]);
    await caller.client.blocks.remove(callee.userId);
    expect(await caller.client.blocks.has(callee.userId)).toBe(false);
    await expect(caller.client.blocks.add(caller.userId)).rejects.toMatchObject({ code: 'parse_error' });
  });

  it('a call is taken up again after a restart of the app, by either side', async () => {
    using phones = await two();
    const { caller, callee } = phones;
    const { out, incoming } = await ringBetween(caller, callee);
    await incoming.accept();
    for (const { client } of [caller, callee]) client.close();
    using callerAgain = await clientPhone(system, [1], caller.userId);
    using calleeAgain = await clientPhone(system, [0], callee.userId, { claims: { deviceId: 'phone' } });
    const calls = await Promise.all([callerAgain.client.resume(out.id), calleeAgain.client.resume(out.id)]);
    expect(calls.map((call) => [call?.direction, call?.peerId, call?.state])).toEqual([
      ['outgoing', callee.userId, 'CONNECTING'],
      ['incoming', caller.userId, 'CONNECTING'],
    ]);
    await calls[1]?.end();
    expect(await calls[0]?.finished).toMatchObject({ state: 'ENDED', endedBy: callee.userId });
    expect(await callerAgain.client.resume(out.id)).toBeNull();
  });

  it('a call is not taken up on a device that did not answer it, whether it is told so before or after', async () => {
    using phones = await two();
    const { caller, callee } = phones;
    const rung = await Promise.all(
      ['tablet', 'laptop'].map((deviceId) => clientPhone(system, [0], callee.userId, { claims: { deviceId } })),
    );
    await Promise.all(rung.map((device) => device.connected()));
    const { out, incoming } = await ringBetween(caller, callee);
    await Promise.all(rung.map((device) => device.rings(out.id)));
    for (const device of rung) device.client.close();
    const readOpen = () => system.database.query('SELECT FROM sessions WHERE user_id = $1 AND closed_at IS NULL', [callee.userId]);
    await until('only the phone is connected', async () => (await readOpen()).length === 1);
    await incoming.accept();

    using tablet = await clientPhone(system, [0], callee.userId, { claims: { deviceId: 'tablet' } });
    await until('the tablet is told', () => tablet.told.some(({ name }) => name === 'elsewhere'));
    expect(await tablet.client.resume(out.id)).toBeNull();

    await using relay = await startFaultProxy(system.gateways[0]?.url as string);
    relay.refuse();
    using laptop = await clientPhone(system, [], callee.userId, { url: relay.url, claims: { deviceId: 'laptop' } });
    const resumed = await laptop.client.resume(out.id);
    relay.pass();
    expect(await resumed?.finished).toMatchObject({ state: 'ANSWERED_ELSEWHERE' });
    expect(incoming.state).toBe('CONNECTING');
    await out.end();
  });

  it('a place that is said twice is one call, and one under the id of a ring is refused and leaves the ring to its end', async () => {
    using phones = await two();
    const { caller, callee } = phones;
    const callId = randomUUID();
    const { out, incoming } = await ringBetween(caller, callee, { callId });
    expect(caller.client.place(callee.userId, { callId })).toBe(out);
    const back = callee.client.place(caller.userId, { callId });
    expect(await back.finished).toMatchObject({ event: 'failed', reason: 'conflict' });
    expect(callee.client.calls).toEqual([incoming]);
    await out.cancel();
    expect(await incoming.finished).toMatchObject({ state: 'CANCELLED' });
  });

  it('a place as large as a frame may be is answered; a larger one stays here, and the connection with it', async () => {
    using phones = await two();
    const { caller, callee } = phones;
    const placeOf = async (frameBytes: number) => {
      const callId = randomUUID();
      const body = { callId, receiverId: callee.userId, callType: 'AUDIO', channelId: '', requestId: 'r'.repeat(32) };
      const channelId = 'x'.repeat(frameBytes - '42/chat,9007199254740991'.length - JSON.stringify(['call:initiate', body]).length);
      return (await caller.client.place(callee.userId, { callId, channelId }).finished).error;
    };
    expect([await placeOf(65_536), await placeOf(65_537), await placeOf(90_000)]).toMatchObject([
      { code: 'parse_error', wasSent: true },
      { code: 'parse_error', wasSent: false },
      { code: 'parse_error', wasSent: false },
    ]);
    const { out } = await ringBetween(caller, callee);
    await expect(out.cancel('x'.repeat(70_000))).rejects.toMatchObject({ code: 'parse_error', wasSent: false });
    await out.cancel();
    expect(caller.told.filter(({ name }) => name === 'connection')).toHaveLength(1);
  });

  it('a word that is a route is the id of no call', async () => {
    using phones = await two();
    for (const word of ['history', 'ringing', 'initiate'])
      await expect(phones.caller.client.resume(word)).rejects.toMatchObject({ code: 'call_not_found' });
  });

  it('a ring is taken up by an app that its push opened, before it is connected, and answered', async () => {
    using phones = await two();
    const { out } = await ringBetween(phones.caller, phones.callee, { ringTimeoutSeconds: 60 });
    await using relay = await startFaultProxy(system.gateways[0]?.url as string);
    relay.refuse();
    using opened = await clientPhone(system, [], phones.callee.userId, { url: relay.url, claims: { deviceId: 'tablet' } });
    const resumed = await opened.client.resume(out.id);
    const beforeTheRing = [resumed?.state, resumed?.direction === 'incoming' && resumed.isRinging];
    relay.pass();
    const ring = await opened.rings(out.id);
    expect([beforeTheRing, ring === resumed, ring.isRinging, ring.callerName]).toEqual([['RINGING', true], true, true, 'Ann']);
    expect(ring.ringMsLeft).toBeGreaterThan(0);
    expect(ring.ringMsLeft).toBeLessThanOrEqual(60_000);
    await ring.accept();
    expect(ring.state).toBe('CONNECTING');
    await out.end();
    await ring.finished;
    expect(opened.namesFor(out.id)).toEqual(['incoming', 'stopped', 'accepted', 'ended']);
  });

  it('a ring that was taken up is silent when the client is closed, which takes up no other', async () => {
    using phones = await two();
    const { out } = await ringBetween(phones.caller, phones.callee);
    const nowhere = { url: 'http://127.0.0.1:1' };
    using opened = await clientPhone(system, [], phones.callee.userId, nowhere);
    const resumed = await opened.client.resume(out.id);
    expect(resumed).toMatchObject({ isRinging: true, isOver: false });
    opened.client.close();
    expect(resumed).toMatchObject({ isRinging: false });
    using another = await clientPhone(system, [], phones.callee.userId, nowhere);
    const late = another.client.resume(out.id);
    another.client.close();
    await expect(late).rejects.toMatchObject({ code: 'closed' });
    expect(another.client.calls).toEqual([]);
  });
});
