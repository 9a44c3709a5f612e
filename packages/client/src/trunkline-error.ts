import type { CallState, ErrorCode } from '@trunkline/contract';
import type { WireError } from './wire.ts';

/** What goes wrong on this side of the wire. */
export type ClientErrorCode =
  /** No answer before the deadline. Where it was sent, it may have happened. */
  | 'timed_out'
  /** The client was closed, by the app or for good by the server. */
  | 'closed'
  /** The call was cancelled before its placing was sent. */
  | 'withdrawn'
  /** Too many commands wait for a connection. */
  | 'queue_full'
  /** No server answered a REST request, its answer broke off, or what answered is not Trunkline. */
  | 'unreachable';

export interface ErrorDetails {
  /** The state that won, where the state of the call is why. */
  status?: CallState | undefined;
  callId?: string | undefined;
  /** Which field was wrong. */
  field?: string | undefined;
  /** Of REST alone. */
  retryAfterSeconds?: number | undefined;
  /** Whether it left this device at least once. */
  wasSent?: boolean | undefined;
  cause?: unknown;
}

/** Every rejection and every `error` of this library. Programs go by `code`. */
export class TrunklineError extends Error {
  override readonly name = 'TrunklineError';
  readonly code: ErrorCode | ClientErrorCode | (string & {});
  readonly status: CallState | null;
  readonly callId: string | null;
  readonly field: string | null;
  readonly retryAfterSeconds: number | null;
  readonly wasSent: boolean;

  constructor(code: TrunklineError['code'], message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status ?? null;
    this.callId = details.callId ?? null;
    this.field = details.field ?? null;
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
    this.wasSent = details.wasSent ?? true;
  }
}

export const closedError = (details: Pick<ErrorDetails, 'callId' | 'wasSent'>): TrunklineError =>
  new TrunklineError('closed', 'The client was closed', details);

export const errorFromWire = ({ code, message, status, callId, field }: WireError): TrunklineError =>
  new TrunklineError(code, message, { status, callId: callId ?? undefined, field });

/** What is none becomes the `cause` of one. */
export const asTrunklineError = (error: unknown, details: Pick<ErrorDetails, 'wasSent'> = {}): TrunklineError =>
  error instanceof TrunklineError ? error : new TrunklineError('service_error', String(error), { ...details, cause: error });
