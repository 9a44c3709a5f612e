import { type RawClient, type RestClient, type System, startSystem, until } from '@trunkline/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aMoment, anIsoTime, expectLiteral } from './literal.ts';

// The worked examples of Chattrix's specification, with its own users: as its apps send and read them, without anything
// that the specification does not have (no request ids, no device ids).

let system: System;

beforeEach(async () => {
  system = await startSystem({ settings: { RING_TIMEOUT_SECONDS: '5' } });
});
afterEach(() => system[Symbol.asyncDispose]());

interface App extends AsyncDisposable {
  rest: RestClient;
  socket: RawClient;
}

const openApp = async (gateway: number, userId: string, claims: { name?: string; picture?: string } = {}): Promise<App> => {
  const [rest, socket] = await Promise.all([system.rest(userId, claims), system.connectRaw(gateway, '/ws/chat', userId, claims)]);
  return { rest, socket, [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose]() };
};

const initiate = async ({ rest }: App, body: object): Promise<string> => (await rest.post('/api/v1/calls/initiate', body)).body.data.id;

/** What the app has heard, without the notice that the other side rings, which the specification does not have. */
const framesOf = ({ socket }: App) => socket.frames.filter(({ type }) => type !== 'call_ringing');

/** Whatever was on its way has come when the answer to a later request has. */
const settle = async ({ socket }: App): Promise<void> => {
  await socket.ask('call.accept', { callId: 'a-round-trip' });
};

const acks = (type: string) => type !== 'ack';

describe('the worked examples', () => {
  it('1: a complete call flow', async () => {
    await using caller = await openApp(0, 'user-789', { name: 'John Doe', picture: 'https://example.com/avatar.jpg' });
    await using callee = await openApp(1, 'user-456');

    const body = { calleeId: 'user-456', callType: 'VIDEO', channelId: 'agora-channel-789' };
    const response = await caller.rest.post('/api/v1/calls/initiate', body);
    expect(response.status).toBe(201);
    const callId = response.body.data.id as string;
    expectLiteral(response.body, {
      success: true,
      message: 'Call initiated successfully',
      // The example shows RINGING here; section 1 of the same specification INITIATING, and the two times.
      data: {
        id: callId,
        callerId: 'user-789',
        calleeId: 'user-456',
        callType: 'VIDEO',
        status: 'INITIATING',
        channelId: 'agora-channel-789',
        createdAt: anIsoTime,
        updatedAt: anIsoTime,
      },
    });

    const invitation = {
      type: 'call_invitation',
      data: {
        callId,
        channelId: 'agora-channel-789',
        callerId: 'user-789',
        callerName: 'John Doe',
        callerAvatar: 'https://example.com/avatar.jpg',
        callType: 'VIDEO',
      },
      timestamp: anIsoTime,
    };
    expectLiteral(await callee.socket.hears('call_invitation'), invitation);

    callee.socket.send({ type: 'call.accept', payload: { callId } });
    const accepted = { type: 'call_accepted', data: { callId, acceptedBy: 'user-456' }, timestamp: anIsoTime };
    expectLiteral(await caller.socket.hears('call_accepted'), accepted);

    caller.socket.send({ type: 'call.end', payload: { callId, durationSeconds: 125 } });
    const ended = { type: 'call_ended', data: { callId, endedBy: 'user-789', durationSeconds: aMoment }, timestamp: anIsoTime };
    expectLiteral(await callee.socket.hears('call_ended'), ended);

    await Promise.all([settle(caller), settle(callee)]);
    expectLiteral(
      framesOf(caller).filter(({ type }) => acks(type)),
      [accepted],
    );
    expectLiteral(
      framesOf(callee).filter(({ type }) => acks(type)),
      [invitation, ended],
    );
  });

  it('2: a call rejection flow', async () => {
    await using caller = await openApp(0, 'user-123', { name: 'Jane Smith' });
    await using callee = await openApp(1, 'user-456');
    const callId = await initiate(caller, { calleeId: 'user-456', callType: 'AUDIO', channelId: 'agora-channel-789' });
    const invitation = {
      type: 'call_invitation',
      data: {
        callId,
        channelId: 'agora-channel-789',
        callerId: 'user-123',
        callerName: 'Jane Smith',
        callerAvatar: null,
        callType: 'AUDIO',
      },
      timestamp: anIsoTime,
    };
    expectLiteral(await callee.socket.hears('call_invitation'), invitation);
    callee.socket.send({ type: 'call.reject', payload: { callId, reason: 'busy' } });
    const rejected = { type: 'call_rejected', data: { callId, rejectedBy: 'user-456', reason: 'busy' }, timestamp: anIsoTime };
    expectLiteral(await caller.socket.hears('call_rejected'), rejected);
    await Promise.all([settle(caller), settle(callee)]);
    expectLiteral(
      framesOf(caller).filter(({ type }) => acks(type)),
      [rejected],
    );
    expectLiteral(
      framesOf(callee).filter(({ type }) => acks(type)),
      [invitation],
    );
  });

  it('3: a call timeout', async () => {
    await using caller = await openApp(0, 'user-789');
    await using callee = await openApp(1, 'user-456');
    const callId = await initiate(caller, { calleeId: 'user-456', callType: 'AUDIO', channelId: 'agora-channel-789' });
    for (const { socket } of [caller, callee])
      expectLiteral(await socket.hears('call_timeout'), { type: 'call_timeout', data: { callId }, timestamp: anIsoTime });
    for (const { rest } of [caller, callee]) {
      expect((await rest.get(`/api/v1/calls/${callId}`)).body.data.status).toBe('MISSED');
      expect((await rest.get('/api/v1/calls/history')).body.data.items).toMatchObject([{ id: callId, status: 'MISSED' }]);
    }
  });

  it('4: error handling', async () => {
    await using caller = await openApp(0, 'user-789');
    const callId = await initiate(caller, { calleeId: 'user-456', callType: 'AUDIO', channelId: 'agora-channel-789' });
    await using stranger = await openApp(1, 'user-999');
    stranger.socket.send({ type: 'call.accept', payload: { callId } });
    expectLiteral(await stranger.socket.hears('call_error'), {
      type: 'call_error',
      payload: { callId, errorType: 'unauthorized', message: 'User is not the callee of this call' },
    });
    await settle(stranger);
    expect(stranger.socket.isOpen).toBe(true);
  });
});

describe('what the reference shows beside them', () => {
  it('a call placed on the WebSocket is answered with the call', async () => {
    await using caller = await openApp(0, 'user-789');
    caller.socket.send({ type: 'call.initiate', payload: { calleeId: 'user-456', callType: 'VIDEO', channelId: 'room' } });
    const initiated = await caller.socket.hears('call_initiated');
    expectLiteral(initiated, {
      type: 'call_initiated',
      data: {
        id: expect.any(String),
        callerId: 'user-789',
        calleeId: 'user-456',
        callType: 'VIDEO',
        status: 'INITIATING',
        channelId: 'room',
        startTime: null,
        endTime: null,
        durationSeconds: null,
        createdAt: anIsoTime,
        updatedAt: anIsoTime,
      },
      timestamp: anIsoTime,
    });
  });

  it.each([
    [3, 0, 'POOR'],
    [0, 4, 'BAD'],
    [5, 1, 'VERY_BAD'],
    [6, 6, 'VERY_BAD'],
  ])(
    'a quality of %i and %i warns the other participant of %s, and at most once in five seconds',
    async (txQuality, rxQuality, quality) => {
      await using caller = await openApp(0, 'user-789');
      await using callee = await openApp(1, 'user-456');
      const callId = await initiate(caller, { calleeId: 'user-456' });
      await callee.socket.hears('call_invitation');
      expect(await callee.socket.ask('call.accept', { callId })).toMatchObject({ ok: true });
      for (const _time of ['first', 'second']) callee.socket.send({ type: 'call.quality', payload: { callId, txQuality, rxQuality } });
      expectLiteral(await caller.socket.hears('call_quality_warning'), {
        type: 'call_quality_warning',
        data: { callId, quality },
        timestamp: anIsoTime,
      });
      await Promise.all([settle(callee), settle(caller)]);
      expect(caller.socket.frames.filter(({ type }) => type === 'call_quality_warning')).toHaveLength(1);
      expect(callee.socket.frames.filter(({ type }) => type === 'call_quality_warning' || type === 'call_error')).toEqual([]);
    },
  );

  it('a quality that is good enough warns nobody', async () => {
    await using caller = await openApp(0, 'user-789');
    await using callee = await openApp(1, 'user-456');
    const callId = await initiate(caller, { calleeId: 'user-456' });
    await callee.socket.hears('call_invitation');
    expect(await callee.socket.ask('call.accept', { callId })).toMatchObject({ ok: true });
    callee.socket.send({ type: 'call.quality', payload: { callId, txQuality: 2, rxQuality: 0 } });
    await Promise.all([settle(callee), settle(caller)]);
    expect([...caller.socket.frames, ...callee.socket.frames].filter(({ type }) => type === 'call_quality_warning')).toEqual([]);
  });
});

describe('REST and WebSocket mixed on one call, by an app without device ids', () => {
  it('whose callee accepts over REST: each of its WebSockets is told to stop, for they may be other phones', async () => {
    await using caller = await openApp(0, 'user-789');
    await using callee = await openApp(1, 'user-456');
    await using another = await openApp(0, 'user-456');
    const callId = await initiate(caller, { calleeId: 'user-456' });
    await callee.socket.hears('call_invitation');
    expect((await callee.rest.post(`/api/v1/calls/${callId}/accept`, {})).status).toBe(200);
    await caller.socket.hears('call_accepted');
    for (const { socket } of [callee, another])
      expect((await socket.hears('call_cancelled')).data).toEqual({ callId, cancelledBy: 'user-456', reason: 'answered_elsewhere' });
  });

  it('whose caller places over REST and ends over its WebSocket, and whose callee does it the other way round', async () => {
    await using caller = await openApp(0, 'user-789');
    await using callee = await openApp(1, 'user-456');
    const callId = await initiate(caller, { calleeId: 'user-456' });
    await callee.socket.hears('call_invitation');
    callee.socket.send({ type: 'call.accept', payload: { callId } });
    await caller.socket.hears('call_accepted');
    const active = await caller.rest.request('PATCH', `/api/v1/calls/${callId}/status`, { status: 'ACTIVE' });
    expect(active.body.data).toMatchObject({ status: 'ACTIVE' });
    caller.socket.send({ type: 'call.end', payload: { callId } });
    await callee.socket.hears('call_ended');
    await until('REST knows it too', async () => (await callee.rest.get(`/api/v1/calls/${callId}`)).body.data.status === 'ENDED');
  });

  it('who both ring each other over REST: both WebSockets are told that it was accepted', async () => {
    await using ann = await openApp(0, 'user-789');
    await using bob = await openApp(1, 'user-456');
    const callId = await initiate(ann, { calleeId: 'user-456' });
    await bob.socket.hears('call_invitation');
    expect(await initiate(bob, { calleeId: 'user-789' })).toBe(callId);
    expect((await ann.socket.hears('call_accepted')).data).toEqual({ callId, acceptedBy: 'user-456' });
    expect((await bob.socket.hears('call_accepted')).data).toEqual({ callId, acceptedBy: 'user-789' });
  });
});
