import type { CallQuality, CallSignal, CallState, CallType, CallView, CLOSE_CODES, CloseReason, ErrorCode } from '@trunkline/contract';

// The OnlyCare dialect as docs/dialects/onlycare.md has it. Types of the contract only: nothing of it is in the bundle.

interface AboutCall {
  readonly callId: string;
}

interface Stop extends AboutCall {
  readonly reason: string;
  readonly timestamp: number;
}

export interface Incoming extends AboutCall {
  readonly callerId: string;
  readonly callerName: string;
  readonly callerAvatar: string | null;
  readonly callType: CallType;
  readonly channelId: string;
  /** Epoch milliseconds by the server's clocks, as `expiresAt`: their difference is how long it may ring. */
  readonly timestamp: number;
  readonly expiresAt: number;
}

export interface Accepted extends AboutCall {
  readonly acceptedBy: string;
  readonly channelId: string;
  readonly timestamp: number;
}

export interface Ended extends Stop {
  readonly endedBy: string;
  readonly durationSeconds: number;
}

/** What a server says about calls and people. */
export interface ServerWords {
  'call:incoming': Incoming;
  'call:ringing': AboutCall;
  'call:accepted': Accepted;
  'call:rejected': Stop;
  'call:cancelled': Stop;
  'call:timeout': Stop;
  'call:ended': Ended;
  'call:quality': AboutCall & { readonly quality: CallQuality };
  'call:signal': AboutCall & { readonly signal: CallSignal };
  'call:error': { readonly callId: string | null; readonly errorType: ErrorCode; readonly message: string };
  user_online: { readonly userId: string; readonly timestamp: number };
  user_offline: { readonly userId: string; readonly timestamp: number };
}

/** The words that end a call or its ring. */
export type EndWord = 'call:rejected' | 'call:cancelled' | 'call:timeout' | 'call:ended';

interface WithReason extends AboutCall {
  readonly reason?: string;
}

/** What this client says; a `requestId` is added to each. */
export interface ClientWords {
  'call:initiate': AboutCall & {
    readonly receiverId: string;
    readonly callType: CallType;
    readonly channelId?: string;
    readonly ringTimeoutSeconds?: number;
  };
  'call:ringing': AboutCall;
  'call:accept': AboutCall;
  'call:reject': WithReason;
  'call:cancel': WithReason;
  'call:end': WithReason;
  'call:connected': AboutCall;
  'call:quality': AboutCall & { readonly quality: CallQuality };
  'call:signal': AboutCall & { readonly signal: CallSignal };
}

export interface WireError {
  readonly code: ErrorCode | (string & {});
  readonly message: string;
  readonly callId?: string | null;
  readonly status?: CallState;
  readonly field?: string;
}

/** An answer, with what `Done` adds where it succeeded. */
export type Ack<Done extends object = object> = ({ readonly ok: true } & Done) | { readonly ok: false; readonly error: WireError };

/** The answer to a command on a call. A quality that was not passed on is answered without one. */
export interface CallDone {
  readonly call?: CallView;
}

/** Said before the server closes. */
export interface Closing {
  readonly code: number;
  readonly reason: CloseReason;
  readonly reconnect: boolean;
  /** When to come back, where one may. */
  readonly reconnectInMs?: number;
}

export const TOKEN_EXPIRED: (typeof CLOSE_CODES)['token_expired']['code'] = 4401;
export const TOO_MANY_CONNECTIONS: (typeof CLOSE_CODES)['too_many_connections']['code'] = 4428;
