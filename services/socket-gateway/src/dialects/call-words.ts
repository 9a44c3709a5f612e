import {
  CallId,
  CallQuality,
  CallSignal,
  CallType,
  type Command,
  cancelTextOf,
  type EndCall,
  MAX_RING_SECONDS,
  MIN_RING_SECONDS,
  reasonTextOf,
  rejectReasonOf,
  storableText,
  type UserId,
} from '@trunkline/contract';
import { z } from 'zod';
import { NO_SUCH_CALL } from './decoding.ts';

// The words that mean the same in every dialect, whatever they are called there.

/** Clients write `null` for a field that they leave out. */
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().transform((value) => value ?? undefined);

/** The fields that have a value: absent and `undefined` are not the same in a command. */
const given = <Field extends string, Value>(field: Field, value: Value | undefined): { [Key in Field]?: Value } =>
  value === undefined ? {} : ({ [field]: value } as { [Key in Field]?: Value });

const AnyCaseCallType = z
  .string()
  .transform((word) => word.toUpperCase())
  .pipe(CallType);

export const ChannelId = optional(storableText(256).min(1));

/** What a place may say beside whom it rings. */
export const placeFields = {
  callType: optional(AnyCaseCallType),
  channelId: ChannelId,
  callId: optional(CallId),
  ringTimeoutSeconds: optional(z.int().min(MIN_RING_SECONDS).max(MAX_RING_SECONDS)),
};

export const placeCommand = (calleeId: UserId, words: z.output<z.ZodObject<typeof placeFields>>): Command => ({
  type: 'place_call',
  calleeId,
  callType: words.callType ?? 'AUDIO',
  ...given('channelId', words.channelId),
  ...given('callId', words.callId),
  ...given('ringTimeoutSeconds', words.ringTimeoutSeconds),
});

/** The id of a call that there should be: of what no id can look like, there is none. */
export const IdOfCall = z
  .string()
  .min(1)
  .refine((id) => CallId.safeParse(id).success, { params: NO_SUCH_CALL })
  .transform((id) => id as CallId);

const aboutCall = { callId: IdOfCall };
const withReason = { ...aboutCall, reason: optional(z.string()) };

export const RingShown = z.object(aboutCall).transform(({ callId }): Command => ({ type: 'acknowledge_ring', callId }));

export const Accept = z.object(aboutCall).transform(({ callId }): Command => ({ type: 'accept_call', callId }));

export const Reject = z
  .object(withReason)
  .transform(({ callId, reason }): Command => ({ type: 'reject_call', callId, ...rejectReasonOf(reason) }));

export const Cancel = z
  .object(withReason)
  .transform(({ callId, reason }): Command => ({ type: 'cancel_call', callId, ...cancelTextOf(reason) }));

/** A claimed duration is only noted, so a bad one is no reason to refuse an end. */
const endFields = { ...withReason, durationSeconds: z.number().nonnegative().optional().catch(undefined) };

export const endAs = (whileRinging: z.output<typeof EndCall>['whileRinging']) =>
  z.object(endFields).transform(
    ({ callId, reason, durationSeconds }): Command => ({
      type: 'end_call',
      callId,
      whileRinging,
      ...reasonTextOf(reason),
      ...given('claimedDurationSeconds', durationSeconds),
    }),
  );

export const Connected = z.object(aboutCall).transform(({ callId }): Command => ({ type: 'report_connected', callId }));

export const Quality = z
  .object({ ...aboutCall, quality: CallQuality })
  .transform(({ callId, quality }): Command => ({ type: 'report_quality', callId, quality }));

export const Signal = z
  .object({ ...aboutCall, signal: CallSignal })
  .transform(({ callId, signal }): Command => ({ type: 'relay_signal', callId, signal }));
