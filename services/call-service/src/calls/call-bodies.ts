import {
  CallId,
  CallState,
  CallType,
  cancelTextOf,
  MAX_RING_SECONDS,
  MIN_RING_SECONDS,
  rejectReasonOf,
  storableText,
  UserId,
} from '@trunkline/contract';
import { z } from 'zod';

/** Clients write `null` for a field that they leave out, and absent is not the same as `undefined` in a command. */
export const withoutGaps = <Body extends object>(body: Body): { [Key in keyof Body]: Exclude<Body[Key], null | undefined> } =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null && value !== undefined)) as never;

/** What a place says, whoever asks for it. */
export const placeFields = {
  calleeId: UserId,
  callType: CallType.nullish().transform((callType) => callType ?? 'AUDIO'),
  channelId: storableText(256).min(1).nullish(),
  callId: CallId.nullish(),
  ringTimeoutSeconds: z.int().min(MIN_RING_SECONDS).max(MAX_RING_SECONDS).nullish(),
};

export const InitiateBody = z.object(placeFields).transform(withoutGaps);

const reason = z.string().nullish();

export const RejectBody = z.object({ reason }).transform((body) => rejectReasonOf(body.reason ?? undefined));

export const CancelBody = z.object({ reason }).transform((body) => cancelTextOf(body.reason ?? undefined));

export const EndBody = z
  .object({ durationSeconds: z.int().nonnegative().nullish() })
  .transform(({ durationSeconds }) => (typeof durationSeconds === 'number' ? { claimedDurationSeconds: durationSeconds } : {}));

export const StatusBody = z.object({ status: CallState.extract(['CONNECTING', 'ACTIVE', 'ENDED']) });
