import {
  type Call,
  type CallEventType,
  CallId,
  DeviceId,
  type EventActor,
  refusal,
  type ServerEvent,
  SessionId,
  UserId,
  viewOf,
} from '@trunkline/contract';
import { describe, expect, it } from 'vitest';
import { ANA, aCall, aCallEvent, BEN, PLACED_AT, SYSTEM_ACTOR } from '../../test/call-event.ts';
import type { EventFrame } from './dialect.ts';
import { onlycare } from './onlycare.ts';
import { tellingFor, type Viewer } from './telling.ts';

const viewer = (userId: UserId, device: string | null, session: string): Viewer => ({
  userId,
  deviceId: device === null ? null : DeviceId.parse(device),
  sessionId: SessionId.parse(session),
});

/** Ana calls; Ben answers. Each acts on a first device and has another one. */
const VIEWERS = {
  caller: viewer(ANA, 'ana-1', 'ana-s1'),
  callersOther: viewer(ANA, 'ana-2', 'ana-s2'),
  callee: viewer(BEN, 'ben-1', 'ben-s1'),
  calleesOther: viewer(BEN, 'ben-2', 'ben-s2'),
} as const;

type Told = Partial<Record<keyof typeof VIEWERS, EventFrame>>;

const actorOf = ({ userId, deviceId, sessionId }: Viewer): EventActor => ({ userId, deviceId, sessionId });

const event = (type: CallEventType, actor: EventActor, changes: Partial<Call> = {}): ServerEvent =>
  aCallEvent({ type, actor, call: aCall(changes), ringMsLeft: 30_000 });

const encode = (told: ServerEvent, who: Viewer): EventFrame | null => {
  const telling = tellingFor(told, who);
  return telling === null ? null : onlycare.encode(telling);
};

const toldBy = (told: ServerEvent): Told =>
  Object.fromEntries(
    Object.entries(VIEWERS).flatMap(([name, who]) => {
      const frame = encode(told, who);
      return frame === null ? [] : [[name, frame]];
    }),
  );

const frame = (name: string, fields: object): EventFrame => ({ event: name, body: { callId: 'CALL_1', ...fields } });
const timed = (name: string, fields: object): EventFrame => frame(name, { ...fields, timestamp: PLACED_AT });
const cancelled = (reason: string): EventFrame => timed('call:cancelled', { reason });

const answered = { answeredByDevice: VIEWERS.callee.deviceId, answeredBySession: VIEWERS.callee.sessionId, acceptedAt: PLACED_AT };
const lasted = { ...answered, acceptedAt: PLACED_AT - 42_000, endedAt: PLACED_AT };

const incoming = timed('call:incoming', {
  callerId: 'ana',
  callerName: 'Ana',
  callerAvatar: null,
  callType: 'VIDEO',
  channelId: 'room',
  expiresAt: PLACED_AT + 30_000,
});
const accepted = timed('call:accepted', { acceptedBy: 'ben', channelId: 'room' });
const rejected = (reason: string): EventFrame => timed('call:rejected', { reason });
const ended = (endedBy: string, reason: string, durationSeconds: number): EventFrame =>
  timed('call:ended', { endedBy, reason, durationSeconds });

const CASES: [string, ServerEvent, Told][] = [
  [
    'a placed call rings at every session of the callee',
    event('call_placed', actorOf(VIEWERS.caller)),
    { callee: incoming, calleesOther: incoming },
  ],
  [
    'a call that was reached tells every session of the caller',
    event('call_ringing', SYSTEM_ACTOR),
    { caller: frame('call:ringing', {}), callersOther: frame('call:ringing', {}) },
  ],
  [
    'an accept tells the caller, and stops the other devices of the callee',
    event('call_accepted', actorOf(VIEWERS.callee), { state: 'CONNECTING', ...answered }),
    { caller: accepted, callersOther: accepted, calleesOther: cancelled('answered_elsewhere') },
  ],
  [
    'an accept over REST says nothing to the device that sent it',
    event(
      'call_accepted',
      { ...actorOf(VIEWERS.callee), sessionId: null },
      {
        state: 'CONNECTING',
        ...answered,
        answeredBySession: null,
      },
    ),
    { caller: accepted, callersOther: accepted, calleesOther: cancelled('answered_elsewhere') },
  ],
  [
    'a glare tells both people that they were accepted',
    { ...event('call_accepted', actorOf(VIEWERS.callee), { state: 'CONNECTING', ...answered }), merged: true },
    {
      caller: accepted,
      callersOther: accepted,
      callee: timed('call:accepted', { acceptedBy: 'ana', channelId: 'room' }),
      calleesOther: cancelled('answered_elsewhere'),
    },
  ],
  [
    'a reject tells the caller why, and stops the other devices of the callee',
    event('call_rejected', actorOf(VIEWERS.callee), { state: 'REJECTED', reason: 'declined', reasonText: 'In a meeting' }),
    { caller: rejected('In a meeting'), callersOther: rejected('In a meeting'), calleesOther: cancelled('declined_elsewhere') },
  ],
  [
    'a reject without words is a plain decline',
    event('call_rejected', actorOf(VIEWERS.callee), { state: 'REJECTED', reason: 'declined' }),
    { caller: rejected('User declined'), callersOther: rejected('User declined'), calleesOther: cancelled('declined_elsewhere') },
  ],
  [
    'a busy callee hears nothing, and the session that placed hears that it was rejected',
    event('call_rejected', SYSTEM_ACTOR, { state: 'REJECTED', reason: 'busy' }),
    { caller: rejected('User busy'), callersOther: rejected('User busy') },
  ],
  [
    'a callee that could not be reached stops on every device',
    event('call_rejected', SYSTEM_ACTOR, { state: 'REJECTED', reason: 'offline' }),
    {
      caller: rejected('User offline'),
      callersOther: rejected('User offline'),
      callee: cancelled('User offline'),
      calleesOther: cancelled('User offline'),
    },
  ],
  [
    'a cancel stops the callee and tells the other devices of the caller',
    event('call_cancelled', actorOf(VIEWERS.caller), { state: 'CANCELLED', reason: 'cancelled', reasonText: 'Caller ended call' }),
    {
      callersOther: cancelled('Caller ended call'),
      callee: cancelled('Caller ended call'),
      calleesOther: cancelled('Caller ended call'),
    },
  ],
  [
    'a lost caller is a cancel for everybody',
    event('call_cancelled', SYSTEM_ACTOR, { state: 'CANCELLED', reason: 'caller_lost' }),
    {
      caller: cancelled('Caller cancelled'),
      callersOther: cancelled('Caller cancelled'),
      callee: cancelled('Caller cancelled'),
      calleesOther: cancelled('Caller cancelled'),
    },
  ],
  [
    'a call that nobody answered times out for the caller and stops at the callee',
    event('call_missed', SYSTEM_ACTOR, { state: 'MISSED', reason: 'no_response' }),
    {
      caller: timed('call:timeout', { reason: 'No answer' }),
      callersOther: timed('call:timeout', { reason: 'No answer' }),
      callee: cancelled('No answer'),
      calleesOther: cancelled('No answer'),
    },
  ],
  ['a connected call tells nobody', event('call_connected', actorOf(VIEWERS.callee), { state: 'ACTIVE', ...answered }), {}],
  [
    'an end tells everybody but the session that sent it',
    event('call_ended', actorOf(VIEWERS.caller), { state: 'ENDED', reason: 'hung_up', endedBy: 'ana', ...lasted }),
    {
      callersOther: ended('ana', 'Call ended', 42),
      callee: ended('ana', 'Call ended', 42),
      calleesOther: ended('ana', 'Call ended', 42),
    },
  ],
  [
    'an end by the system tells everybody',
    event('call_ended', SYSTEM_ACTOR, { state: 'ENDED', reason: 'max_duration', endedBy: 'system', ...lasted }),
    {
      caller: ended('system', 'max_duration', 42),
      callersOther: ended('system', 'max_duration', 42),
      callee: ended('system', 'max_duration', 42),
      calleesOther: ended('system', 'max_duration', 42),
    },
  ],
  [
    'a failed call tells everybody, with the time that was counted',
    event('call_failed', SYSTEM_ACTOR, { state: 'FAILED', reason: 'connect_failed', ...answered }),
    {
      caller: ended('system', 'connect_failed', 0),
      callersOther: ended('system', 'connect_failed', 0),
      callee: ended('system', 'connect_failed', 0),
      calleesOther: ended('system', 'connect_failed', 0),
    },
  ],
];

describe('events become frames', () => {
  it.each(CASES)('%s', (_name, told, expected) => {
    expect(toldBy(told)).toEqual(expected);
  });

  it('names the caller by its id when it has no name', () => {
    const ring = encode(event('call_placed', SYSTEM_ACTOR, { callerName: null }), VIEWERS.callee);
    expect(ring?.body).toMatchObject({ callerName: 'ana', callerAvatar: null });
  });

  it('uses the alias of a merged call for the callee alone', () => {
    const told = event('call_ended', SYSTEM_ACTOR, { state: 'ENDED', reason: 'lost', calleeAlias: CallId.parse('CALL_2') });
    expect(encode(told, VIEWERS.callee)?.body).toMatchObject({ callId: 'CALL_2' });
    expect(encode(told, VIEWERS.caller)?.body).toMatchObject({ callId: 'CALL_1' });
  });

  it('does not take a device of the other person for the one that acted', () => {
    const shared = { ...actorOf(VIEWERS.caller), deviceId: VIEWERS.callee.deviceId, sessionId: null };
    const told = event('call_cancelled', shared, { state: 'CANCELLED', reason: 'cancelled' });
    expect(encode(told, VIEWERS.callee)).toEqual(cancelled('Caller cancelled'));
  });

  it('tells nothing to somebody who is not in the call', () => {
    expect(encode(event('call_placed', SYSTEM_ACTOR), viewer(UserId.parse('eve'), null, 'eve-s1'))).toBeNull();
  });
});

describe('answers', () => {
  const asked = { callId: 'C-1', requestId: null };
  const refused = { ok: false as const, error: refusal('invalid_status', { status: 'ENDED' }) };

  it('acknowledges with the call', () => {
    expect(onlycare.answer({ ok: true, call: aCall() }, asked, true)).toEqual({
      acknowledgement: { ok: true, success: true, call: viewOf(aCall()) },
    });
  });

  it('acknowledges a refreshed token', () => {
    expect(onlycare.answer({ ok: true, call: null }, asked, true)).toEqual({ acknowledgement: { ok: true, success: true } });
  });

  it('says nothing of a success that nobody asked for', () => {
    expect(onlycare.answer({ ok: true, call: aCall() }, asked, false)).toBeNull();
  });

  it('acknowledges a refusal with the state that won', () => {
    expect(onlycare.answer(refused, asked, true)).toEqual({
      acknowledgement: { ok: false, error: { code: 'invalid_status', message: refused.error.message, callId: 'C-1', status: 'ENDED' } },
    });
  });

  it('tells a refusal that nobody asked for as an error event', () => {
    expect(onlycare.answer(refused, { callId: null, requestId: null }, false)).toEqual({
      frame: { event: 'call:error', body: { callId: null, errorType: 'invalid_status', message: refused.error.message } },
    });
  });

  it('says before it closes whether to come back', () => {
    expect(onlycare.closing('token_expired', 700)).toEqual({
      event: 'connection:closing',
      body: { code: 4401, reason: 'token_expired', reconnect: true, reconnectInMs: 700 },
    });
    expect(onlycare.closing('flooding', 700)?.body).toEqual({ code: 4529, reason: 'flooding', reconnect: false });
  });
});
