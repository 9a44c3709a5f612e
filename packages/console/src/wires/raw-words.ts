import type { CallSignal, CallType } from '@trunkline/contract';
import type { Ending, Place, WireNews } from './wire.ts';

/** The fields that a frame may have, in either dialect. */
export interface Body {
  readonly callId?: string;
  readonly callerId?: string;
  readonly callerName?: string;
  readonly userId?: string;
  readonly userName?: string;
  readonly callType?: CallType;
  readonly timestamp?: string;
  readonly expiresAt?: string;
  readonly reason?: string;
  readonly rejectedBy?: string;
  readonly cancelledBy?: string;
  readonly otomoId?: string;
  readonly endedBy?: string;
  readonly durationSeconds?: number;
  readonly signal?: CallSignal;
}

export interface Frame {
  readonly type: string;
  readonly payload?: Body;
  readonly data?: Body;
  readonly requestId?: string;
}

export type Verb = 'acknowledge' | 'accept' | 'reject' | 'cancel' | 'end' | 'connected' | 'signal';

/** What a dialect on a raw WebSocket says, and how it is understood. */
export interface RawWords {
  readonly path: string;
  readonly place: (place: Place) => Pick<Frame, 'type'> & { readonly payload: object };
  readonly verbs: Readonly<Record<Verb, string>>;
  readonly heard: ReadonlyMap<string, (body: Body, callId: string) => WireNews | null>;
}

type Heard = (body: Body, callId: string) => WireNews | null;

const over =
  (how: Ending['how'], by: (body: Body) => string | undefined = () => undefined): Heard =>
  (body, callId) => ({
    kind: 'over',
    callId,
    ending: { how, reason: body.reason ?? '', by: by(body) ?? null, durationSeconds: body.durationSeconds ?? null },
  });

const presence =
  (isOnline: boolean): Heard =>
  ({ userId }) =>
    userId === undefined ? null : { kind: 'presence', userId, isOnline };

/** Words that both dialects have. */
const COMMON: readonly (readonly [string, Heard])[] = [
  ['call_ringing', (_body, callId) => ({ kind: 'ringing', callId })],
  ['call_accepted', (_body, callId) => ({ kind: 'accepted', callId })],
  ['call_rejected', over('rejected', ({ rejectedBy, otomoId }) => rejectedBy ?? otomoId)],
  ['call_cancelled', over('cancelled', ({ cancelledBy }) => cancelledBy)],
  ['call_ended', over('ended', ({ endedBy }) => endedBy)],
  ['call_signal', ({ signal }, callId) => (signal === undefined ? null : { kind: 'signal', callId, signal })],
  ['user_online', presence(true)],
  ['user_offline', presence(false)],
];

const incoming = (body: Body, callId: string, callerId = '', callerName = callerId): WireNews => {
  const { timestamp, expiresAt, callType = 'AUDIO' } = body;
  const ringMs = timestamp === undefined || expiresAt === undefined ? null : Date.parse(expiresAt) - Date.parse(timestamp);
  return { kind: 'incoming', callId, callerId, callerName, callType, ringMs };
};

export const CHATTRIX: RawWords = {
  path: '/ws/chat',
  place: (place) => ({ type: 'call.initiate', payload: place }),
  verbs: {
    acknowledge: 'call.ringing',
    accept: 'call.accept',
    reject: 'call.reject',
    cancel: 'call.cancel',
    end: 'call.end',
    connected: 'call.connected',
    signal: 'call.signal',
  },
  heard: new Map([
    ...COMMON,
    ['call_invitation', (body, callId) => incoming(body, callId, body.callerId, body.callerName)],
    ['call_timeout', over('timeout')],
  ]),
};

export const OTOMO: RawWords = {
  path: '/ws/otomo',
  place: ({ calleeId, ...place }) => ({ type: 'call_request', payload: { otomoId: calleeId, ...place } }),
  verbs: {
    acknowledge: 'call_ringing',
    accept: 'call_accept',
    reject: 'call_reject',
    cancel: 'call_cancel',
    end: 'call_end',
    connected: 'call_connected',
    signal: 'call_signal',
  },
  heard: new Map([...COMMON, ['call_request', (body, callId) => incoming(body, callId, body.userId, body.userName)]]),
};
