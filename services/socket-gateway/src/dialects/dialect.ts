import type { CloseReason, Command, CommandReply, DeviceId, Refusal, RequestId, ServerEvent, SessionId, UserId } from '@trunkline/contract';

/** The session that an event is worded for, with what a pure dialect cannot know by itself. */
export interface Viewer {
  readonly userId: UserId;
  readonly deviceId: DeviceId | null;
  readonly sessionId: SessionId;
  /** Epoch milliseconds of this host. */
  readonly now: number;
  /** How long the event's ring may still go on; 0 when it does not ring. */
  readonly ringMsLeft: number;
}

/** What a client said beside its command, for the answer to repeat. */
export interface Asked {
  /** The call's id as the client named it, at most 64 characters. */
  readonly callId: string | null;
  readonly requestId: RequestId | null;
}

/** What one client frame means. `refused` says what was wrong with it. */
export type Decoded = { readonly asked: Asked } & (
  | { readonly command: Command }
  | { readonly refreshToken: string }
  | { readonly refused: Refusal }
);

/** The answer to a command, or to a refreshed token, which concerns no call. */
export type Reply = CommandReply | { readonly ok: true; readonly call: null };

/** How an answer travels: in the transport's own acknowledgement, as a frame, or not at all. */
export type Answer<Frame> = { readonly acknowledgement: unknown } | { readonly frame: Frame } | null;

/** Gives frames their meaning. It has no I/O, no state and no rules, and MUST NOT throw on any input. */
export interface Dialect<Frame> {
  readonly name: string;
  decode(frame: Frame): Decoded;
  /** `null`: these clients have no word for the event, or it is not for this viewer. */
  encode(event: ServerEvent, viewer: Viewer): Frame | null;
  /** `acknowledges`: the client gave the transport a callback for the answer. */
  answer(reply: Reply, asked: Asked, acknowledges: boolean): Answer<Frame>;
  /** The last frame of a connection that we close; `null` where the transport's own close says it. */
  closing(reason: CloseReason): Frame | null;
}

/** A Socket.IO event with its first argument. */
export interface EventFrame {
  /** Null: a packet that could not be read. */
  readonly event: string | null;
  readonly body: unknown;
}
