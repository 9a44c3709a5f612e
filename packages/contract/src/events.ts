import { z } from 'zod';
import { Call, CallQuality } from './call.ts';
import { hasShapeOf } from './has-shape-of.ts';
import { DeviceId, SessionId, UserId } from './ids.ts';
import { CallSignal } from './signal.ts';
import { Traceparent } from './traceparent.ts';

/** What a participant hears beside the steps of a call's life: it repeats the `seq` of the last step, and is heard or lost. */
export const CallHintType = z.enum(['call_quality_warning', 'call_signal', 'user_online', 'user_offline']);
export type CallHintType = z.infer<typeof CallHintType>;

const HINTS: ReadonlySet<string> = new Set(CallHintType.options);

export const isHint = (type: CallEventType): type is CallHintType => HINTS.has(type);

/** What happened to a call, in the past tense. */
export const CallEventType = z.enum([
  'call_placed',
  'call_ringing',
  'call_accepted',
  'call_rejected',
  'call_cancelled',
  'call_missed',
  'call_connected',
  'call_ended',
  'call_failed',
  ...CallHintType.options,
]);
export type CallEventType = z.infer<typeof CallEventType>;

/** Who did it. Null fields: not known, as with a REST caller or the system. */
export const EventActor = z.object({
  userId: UserId.nullable(),
  deviceId: DeviceId.nullable(),
  sessionId: SessionId.nullable(),
});
export type EventActor = z.infer<typeof EventActor>;

/**
 * One event of one call, published to each of its recipients. It carries the whole call, so that a session
 * that missed earlier ones needs nothing else, and `call.seq`, by which a session ignores what it has seen.
 */
export const CallEvent = z.object({
  /** `<callId>.<seq>`: unique, and the same however often it is published. */
  id: z.string(),
  type: CallEventType,
  /** Epoch milliseconds of the database's clock when it was decided. */
  at: z.number(),
  /** Milliseconds the call may still ring, by the database's clock at `at`; 0 when it does not ring. */
  ringMsLeft: z.number(),
  actor: EventActor,
  recipients: z.array(UserId),
  /** Of the command that caused it, where that is traced. */
  traceparent: Traceparent.optional(),
  call: Call,
  /** With `call_accepted`: nobody answered a ring, both had placed (glare), so both are told that they were accepted. */
  merged: z.literal(true).optional(),
  /** How bad the line of the actor is; with `call_quality_warning` alone. */
  quality: CallQuality.optional(),
  /** What the actor's device says to the other one; with `call_signal` alone. */
  signal: CallSignal.optional(),
});
export type CallEvent = z.infer<typeof CallEvent>;

/** The id of an event: unique, and the same however often the event is published. */
export const eventId = (callId: string, seq: number): string => `${callId}.${seq}`;

/** Everything that travels to sessions on the bus. */
export const ServerEvent = CallEvent;
export type ServerEvent = z.infer<typeof ServerEvent>;

/** Whether it is an event as call-service publishes them: see `hasShapeOf`. */
export const isServerEvent = hasShapeOf(ServerEvent);
