/** The wire protocols of the apps in which people call each other, as a phone speaks them. */
export const CALL_DIALECTS = ['onlycare', 'chattrix', 'otomo'] as const;
export type CallDialect = (typeof CALL_DIALECTS)[number];
export type DialectName = CallDialect | 'otsy';

/** What a phone hears, in nobody's words. `ready`: it may speak now. `ping`: wants `Wire.pong`. `other`: nothing that the load needs. */
export type Word =
  | 'hello'
  | 'ready'
  | 'ping'
  | 'placed'
  | 'incoming'
  | 'accepted'
  | 'rejected'
  | 'cancelled'
  | 'ended'
  | 'timed_out'
  | 'online'
  | 'offline'
  | 'stored'
  | 'message'
  | 'refused'
  | 'other';

export interface Heard {
  word: Word;
  callId: string | null;
  /** With `refused`: the error's code. */
  code?: string;
  /** Of a chat message: how the load counts them. */
  number?: number;
}

export type Verb = 'accept' | 'reject' | 'cancel' | 'end';

/** A dialect from the client's side, as cheap as it can be: the load generator shares the machine with what it measures. */
export interface Wire {
  readonly name: DialectName;
  /** Where a phone of this token connects. */
  path(token: string): string;
  /** What a phone says when it hears `hello`; null where an open socket is ready. */
  opening(token: string): string | null;
  readonly pong: string | null;
  read(frame: string): Heard;
}

export interface CallWire extends Wire {
  readonly name: CallDialect;
  place(calleeId: string, ringSeconds: number | null): string;
  say(verb: Verb, callId: string): string;
}

export const OTHER: Heard = { word: 'other', callId: null };
