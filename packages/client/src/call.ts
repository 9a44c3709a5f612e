import type { CallQuality, CallSignal, CallState, CallType, FinalState, MediaAccess } from '@trunkline/contract';
import type { Listenable } from './emitter.ts';
import type { TrunklineError } from './trunkline-error.ts';

/** The server's states, and that of a ring which another device of the same person answered. */
export type ClientCallState = CallState | 'ANSWERED_ELSEWHERE';

/** How a call, or its ring on this device, came to its end. */
export interface CallOutcome {
  readonly state: FinalState | 'ANSWERED_ELSEWHERE';
  /** The event that told it. */
  readonly event: 'rejected' | 'cancelled' | 'timeout' | 'ended' | 'failed';
  /** A word of docs/dialects/onlycare.md, or what a person said. */
  readonly reason: string;
  /** A user, or `system`; null where it is not told. */
  readonly endedBy: string | null;
  /** From accept to end by the server's clock; null for a call that never was accepted, or whose end was not heard. */
  readonly durationSeconds: number | null;
  /** Why the call could not be placed, or `closed`; with `failed` alone. */
  readonly error: TrunklineError | null;
}

type Over = { readonly call: Call } & CallOutcome;

/** What happens to a call. Each of `accepted` and the five ends comes once at most, and one end comes always. */
export interface CallEvents {
  /** The callee's device rings: the caller hears it. */
  ringing: { readonly call: Call };
  /** The call is answered: join the media channel. Both sides hear it. */
  accepted: { readonly call: Call; readonly acceptedBy: string; readonly channelId: string };
  rejected: Over;
  cancelled: Over;
  timeout: Over;
  ended: Over;
  /** It could not be placed; or the client was closed before the end was heard (`closed`), and it may go on, on the server. */
  failed: Over;
  /** The other side's line is bad. */
  quality: { readonly call: Call; readonly quality: CallQuality };
  /** What the other device says to connect the media of both: give it to the WebRTC connection. */
  signal: { readonly call: Call; readonly signal: CallSignal };
  /** Stop ringing here, whatever the reason; before the event that says it. */
  stopped: { readonly call: IncomingCall };
  state: { readonly call: Call; readonly state: ClientCallState };
}

interface CommonCall extends Listenable<CallEvents> {
  readonly id: string;
  /** The other person. */
  readonly peerId: string;
  readonly callType: CallType;
  /** The media provider's room. Read it when the call is accepted: of two people who call each other, one channel counts. */
  readonly channelId: string;
  readonly state: ClientCallState;
  readonly isOver: boolean;
  /** Null while the call lives. */
  readonly outcome: CallOutcome | null;
  /** Resolves when the call is over, or the client is closed (`failed`, reason `closed`); never rejects. */
  readonly finished: Promise<CallOutcome>;
  /** Hangs up; while it rings, cancels or rejects. Resolves when the call is over, whoever ended it. @throws TrunklineError */
  end(reason?: string): Promise<CallOutcome>;
  /**
   * Credentials for the media of this call, for this user: ask when it is accepted, and again before `ttlSeconds` are over.
   * @throws TrunklineError `invalid_status` where it is not accepted, or over
   */
  media(): Promise<MediaAccess>;
  /** Says that media flows. @throws TrunklineError */
  connected(): Promise<void>;
  /** Says that this side's line is bad, to warn the other. @throws TrunklineError */
  quality(quality: CallQuality): Promise<void>;
  /** Has an offer, an answer or an ICE candidate relayed to the other device, once the call is answered. @throws TrunklineError */
  signal(signal: CallSignal): Promise<void>;
}

export interface IncomingCall extends CommonCall {
  readonly direction: 'incoming';
  readonly callerName: string;
  readonly callerAvatar: string | null;
  /** Whether this device is to ring: until it is answered here, over anywhere, or `expiresAt`. */
  readonly isRinging: boolean;
  /** Epoch milliseconds by the server's clock. To show what is left, take `ringMsLeft`. */
  readonly expiresAt: number;
  /** By the monotonic clock, from the time that the ring came. */
  readonly ringMsLeft: number;
  /**
   * Stops the ring and answers. @throws TrunklineError `invalid_status`: somebody was faster, `status` says what won;
   * `timed_out` with `wasSent`: it may still turn out to be `accepted`
   */
  accept(): Promise<void>;
  /** Stops the ring and declines. Resolves when the call is over, whoever ended it. @throws TrunklineError */
  reject(reason?: string): Promise<CallOutcome>;
}

export interface OutgoingCall extends CommonCall {
  readonly direction: 'outgoing';
  /** Resolves when the server has the call; rejects as `failed` says. Nobody has to wait for it. */
  readonly placed: Promise<void>;
  /**
   * Gives up while it rings. Resolves when the call is over, whoever ended it. @throws TrunklineError `invalid_status`
   * with `status` `CONNECTING`: it was answered; `end` hangs up in any state
   */
  cancel(reason?: string): Promise<CallOutcome>;
}

export type Call = IncomingCall | OutgoingCall;
