import { type Call, type CallEventType, CallId, DeviceId, type EventActor, type ServerEvent, SessionId, UserId } from '@trunkline/contract';
import type { Viewer } from '../src/dialects/telling.ts';
import { ANA, aCall, aCallEvent, BEN, PLACED_AT, SYSTEM_ACTOR } from './call-event.ts';

const viewer = (userId: UserId, device: string, session: string): Viewer => ({
  userId,
  deviceId: DeviceId.parse(device),
  sessionId: SessionId.parse(session),
});

/** Ana calls; Ben answers. Each acts on a first device and has another one. Eve is not in the call. */
export const VIEWERS = {
  caller: viewer(ANA, 'ana-1', 'ana-s1'),
  callersOther: viewer(ANA, 'ana-2', 'ana-s2'),
  callee: viewer(BEN, 'ben-1', 'ben-s1'),
  calleesOther: viewer(BEN, 'ben-2', 'ben-s2'),
  stranger: viewer(UserId.parse('eve'), 'eve-1', 'eve-s1'),
} as const;

export type ViewerName = keyof typeof VIEWERS;

const byCaller: EventActor = { userId: ANA, deviceId: VIEWERS.caller.deviceId, sessionId: VIEWERS.caller.sessionId };
const byCallee: EventActor = { userId: BEN, deviceId: VIEWERS.callee.deviceId, sessionId: VIEWERS.callee.sessionId };

const scene = (type: CallEventType, actor: EventActor, changes: Partial<Call> = {}): ServerEvent =>
  aCallEvent({ type, actor, call: aCall(changes), ringMsLeft: type === 'call_placed' ? 30_000 : 0 });

const answered = { answeredByDevice: VIEWERS.callee.deviceId, answeredBySession: VIEWERS.callee.sessionId, acceptedAt: PLACED_AT };
const lasted = { ...answered, acceptedAt: PLACED_AT - 42_000, endedAt: PLACED_AT };
const rejected = { state: 'REJECTED', endedBy: BEN } as const;
const refused = { state: 'REJECTED', endedBy: 'system' } as const;
const alias = { calleeAlias: CallId.parse('CALL_2') };

const CANDIDATE = {
  type: 'candidate',
  candidate: 'candidate:1 1 udp 2113937151 192.0.2.1 54400 typ host',
  sdpMid: '0',
  sdpMLineIndex: 0,
} as const;

/** What can happen to a call, as far as anybody is told differently of it. */
export const SCENES = {
  placed: scene('call_placed', byCaller, { callerAvatar: 'https://example.com/ana.jpg' }),
  'placed by a caller without a name': scene('call_placed', byCaller, { callerName: null, callType: 'AUDIO' }),
  reached: scene('call_ringing', SYSTEM_ACTOR),
  accepted: scene('call_accepted', byCallee, { state: 'CONNECTING', ...answered }),
  'accepted over REST': scene(
    'call_accepted',
    { ...byCallee, sessionId: null },
    { state: 'CONNECTING', ...answered, answeredBySession: null },
  ),
  'merged with a call the other way': { ...scene('call_accepted', byCallee, { state: 'CONNECTING', ...answered, ...alias }), merged: true },
  'rejected in own words': scene('call_rejected', byCallee, { ...rejected, reason: 'declined', reasonText: 'In a meeting' }),
  'rejected as declined': scene('call_rejected', byCallee, { ...rejected, reason: 'declined' }),
  'rejected as busy': scene('call_rejected', byCallee, { ...rejected, reason: 'busy' }),
  'rejected as unavailable': scene('call_rejected', byCallee, { ...rejected, reason: 'unavailable' }),
  'busy at once': scene('call_rejected', SYSTEM_ACTOR, { ...refused, reason: 'busy' }),
  unreachable: scene('call_rejected', SYSTEM_ACTOR, { ...refused, reason: 'offline' }),
  cancelled: scene('call_cancelled', byCaller, { state: 'CANCELLED', reason: 'cancelled', endedBy: ANA }),
  'cancelled in own words': scene('call_cancelled', byCaller, {
    state: 'CANCELLED',
    reason: 'cancelled',
    reasonText: 'Wrong number',
    endedBy: ANA,
  }),
  'caller lost': scene('call_cancelled', SYSTEM_ACTOR, { state: 'CANCELLED', reason: 'caller_lost', endedBy: 'system' }),
  missed: scene('call_missed', SYSTEM_ACTOR, { state: 'MISSED', reason: 'no_response', endedBy: 'system' }),
  connected: scene('call_connected', byCallee, { state: 'ACTIVE', ...answered }),
  'ended by the caller': scene('call_ended', byCaller, { state: 'ENDED', reason: 'hung_up', endedBy: ANA, ...lasted }),
  'ended by the callee of a merged call': scene('call_ended', byCallee, {
    state: 'ENDED',
    reason: 'hung_up',
    endedBy: BEN,
    ...lasted,
    ...alias,
  }),
  'both sides lost': scene('call_ended', SYSTEM_ACTOR, { state: 'ENDED', reason: 'lost', endedBy: 'system', ...lasted }),
  'ended for its length': scene('call_ended', SYSTEM_ACTOR, { state: 'ENDED', reason: 'max_duration', endedBy: 'system', ...lasted }),
  failed: scene('call_failed', SYSTEM_ACTOR, {
    state: 'FAILED',
    reason: 'connect_failed',
    endedBy: 'system',
    ...answered,
    endedAt: PLACED_AT + 20_000,
  }),
  "the caller's line is bad": { ...scene('call_quality_warning', byCaller, { state: 'ACTIVE', ...answered }), quality: 'BAD' },
  "the callee's line is poor": { ...scene('call_quality_warning', byCallee, { state: 'ACTIVE', ...answered }), quality: 'POOR' },
  "the caller's device signals": {
    ...scene('call_signal', byCaller, { state: 'CONNECTING', ...answered }),
    signal: { type: 'offer', sdp: 'v=0\r\n' },
  },
  "the callee's device signals": { ...scene('call_signal', byCallee, { state: 'ACTIVE', ...answered }), signal: CANDIDATE },
  'the caller lost the last session': scene('user_offline', { ...SYSTEM_ACTOR, userId: ANA }, { state: 'ACTIVE', ...answered }),
  'the callee came back': scene('user_online', { ...SYSTEM_ACTOR, userId: BEN }, { state: 'ACTIVE', ...answered }),
} as const satisfies Record<string, ServerEvent>;

export type SceneName = keyof typeof SCENES;
