import {
  CallId,
  CallType,
  type Command,
  MAX_RING_SECONDS,
  MIN_RING_SECONDS,
  reasonTextOf,
  rejectReasonOf,
  storableText,
  UserId,
} from '@trunkline/contract';
import { z } from 'zod';

/** Clients of this dialect write `null` for a field that they leave out. */
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().transform((value) => value ?? undefined);

const callId = { callId: CallId };
const reason = { reason: optional(z.string()) };

const AnyCaseCallType = z
  .string()
  .transform((word) => word.toUpperCase())
  .pipe(CallType);

/** The fields that have a value: absent and `undefined` are not the same in a command. */
const given = <Field extends string, Value>(field: Field, value: Value | undefined): { [Key in Field]?: Value } =>
  value === undefined ? {} : ({ [field]: value } as { [Key in Field]?: Value });

const Initiate = z
  .object({
    receiverId: UserId,
    callType: optional(AnyCaseCallType),
    channelId: optional(storableText(256).min(1)),
    channelName: optional(storableText(256).min(1)),
    callId: optional(CallId),
    ringTimeoutSeconds: optional(z.int().min(MIN_RING_SECONDS).max(MAX_RING_SECONDS)),
  })
  .transform(
    (words): Command => ({
      type: 'place_call',
      calleeId: words.receiverId,
      callType: words.callType ?? 'AUDIO',
      ...given('channelId', words.channelId ?? words.channelName),
      ...given('callId', words.callId),
      ...given('ringTimeoutSeconds', words.ringTimeoutSeconds),
    }),
  );

const Ringing = z.object(callId).transform((words): Command => ({ type: 'acknowledge_ring', callId: words.callId }));

const Accept = z.object(callId).transform((words): Command => ({ type: 'accept_call', callId: words.callId }));

const Reject = z
  .object({ ...callId, ...reason })
  .transform((words): Command => ({ type: 'reject_call', callId: words.callId, ...rejectReasonOf(words.reason) }));

const Cancel = z
  .object({ ...callId, ...reason })
  .transform((words): Command => ({ type: 'cancel_call', callId: words.callId, ...reasonTextOf(words.reason) }));

const End = z.object({ ...callId, ...reason, durationSeconds: z.number().nonnegative().optional().catch(undefined) }).transform(
  (words): Command => ({
    type: 'end_call',
    callId: words.callId,
    whileRinging: 'cancel_or_reject',
    ...reasonTextOf(words.reason),
    ...given('claimedDurationSeconds', words.durationSeconds),
  }),
);

const Connected = z.object(callId).transform((words): Command => ({ type: 'report_connected', callId: words.callId }));

/** Every event by which an OnlyCare client commands. A `Map`, so that a client saying "toString" finds nothing. */
export const ONLYCARE_COMMANDS: ReadonlyMap<string, z.ZodType<Command>> = new Map<string, z.ZodType<Command>>([
  ['call:initiate', Initiate],
  ['call:ringing', Ringing],
  ['call:accept', Accept],
  ['call:reject', Reject],
  ['call:cancel', Cancel],
  ['call:end', End],
  ['call:connected', Connected],
]);
