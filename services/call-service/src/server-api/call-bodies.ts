import { CallState, EndReason, ReasonText, storableText, UserId } from '@trunkline/contract';
import { z } from 'zod';
import { placeFields, withoutGaps } from '../calls/call-bodies.ts';
import { CallCursorText } from '../calls/history.ts';
import { wholeNumber } from '../http/whole-number.ts';
import { Moment } from './list-query.ts';

const MAX_LIMIT = 100;

const reason = ReasonText.nullish().transform((text) => text ?? null);

/** A call that the app's backend places for its caller. */
export const PlaceBody = z
  .object({
    callerId: UserId,
    callerName: storableText(200).nullish(),
    callerAvatar: storableText(2048).nullish(),
    reason,
    ...placeFields,
  })
  .transform(({ callerId, callerName = null, callerAvatar = null, reason, ...place }) => ({
    caller: { userId: callerId, name: callerName, avatar: callerAvatar },
    note: reason,
    place: withoutGaps(place),
  }));

/** For whom the app's backend acts, and what it says about it. */
export const ActBody = z.object({ userId: UserId, reason });

/** Which calls the operator wants to see. */
export const CallsQuery = z.object({
  userId: UserId.optional(),
  state: z.enum([...CallState.options, 'live', 'over']).optional(),
  reason: EndReason.optional(),
  since: Moment.optional(),
  until: Moment.optional(),
  limit: wholeNumber(MAX_LIMIT).default(20),
  cursor: CallCursorText.optional(),
});
export type CallsQuery = z.output<typeof CallsQuery>;
