import type { CloseReason, Command, CommandReply, Refusal, RequestId, UserId } from '@trunkline/contract';
import type { Telling } from './telling.ts';

/** What a client said beside its command, for the answer to repeat. */
export interface Asked {
  /** The call's id as the client named it, at most 64 characters. */
  readonly callId: string | null;
  readonly requestId: RequestId | null;
  /** Whom a place is to ring; absent with every other command. */
  readonly calleeId?: UserId;
}

/** What one client frame means. `null`: nothing is to be done. `refused` says what was wrong with it. */
export type Decoded = { readonly asked: Asked } & (
  | { readonly command: Command | null }
  | { readonly refreshToken: string }
  | { readonly refused: Refusal }
);

/** The answer to a command; without a call to what concerns none, such as a refreshed token. */
export type Reply = CommandReply | { readonly ok: true; readonly call: null };

/** How an answer travels: in the transport's own acknowledgement, as a frame, or not at all. */
export type Answer<Frame> = { readonly acknowledgement: unknown } | { readonly frame: Frame } | null;

/** Gives frames their meaning. It has no I/O, no state and no rules, and MUST NOT throw on any input. */
export interface Dialect<Frame> {
  readonly name: string;
  decode(frame: Frame): Decoded;
  encode(telling: Telling): Frame;
  /** `acknowledges`: the client gave the transport a callback for the answer. */
  answer(reply: Reply, asked: Asked, acknowledges: boolean): Answer<Frame>;
  /** The last frame of a connection that we close; `null` where the transport's own close says it. */
  closing(reason: CloseReason, reconnectInMs: number): Frame | null;
}

/** A Socket.IO event with its first argument. */
export interface EventFrame {
  /** Null: a packet that could not be read. */
  readonly event: string | null;
  readonly body: unknown;
}

/** A WebSocket message that is one JSON value. */
export interface JsonFrame {
  /** `undefined`, which no JSON is: a message that could not be read. */
  readonly json: unknown;
}
