import { type Command, UserId } from '@trunkline/contract';
import { z } from 'zod';
import { Accept, Cancel, Connected, endAs, placeCommand, placeFields, Quality, Reject, RingShown, Signal } from './call-words.ts';
import type { Vocabulary } from './decoding.ts';

const Request = z.object({ otomoId: UserId, ...placeFields }).transform(({ otomoId, ...words }) => placeCommand(otomoId, words));

/** Every type that an Otomo client may send, user or otomo. */
export const OTOMO_WORDS: Vocabulary = {
  noun: 'type',
  refresh: 'auth.refresh',
  commands: new Map<string, z.ZodType<Command>>([
    ['call_request', Request],
    ['call_ringing', RingShown],
    ['call_accept', Accept],
    ['call_reject', Reject],
    ['call_cancel', Cancel],
    // An otomo has no other word for hanging up while it rings.
    ['call_end', endAs('cancel_or_reject')],
    ['call_connected', Connected],
    ['call_quality', Quality],
    ['call_signal', Signal],
  ]),
};
