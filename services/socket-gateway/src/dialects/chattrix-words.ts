import { type CallQuality, type Command, UserId } from '@trunkline/contract';
import { z } from 'zod';
import { Accept, Cancel, Connected, endAs, IdOfCall, placeCommand, placeFields, Reject, RingShown, Signal } from './call-words.ts';
import type { Vocabulary } from './decoding.ts';

const Initiate = z.object({ calleeId: UserId, ...placeFields }).transform(({ calleeId, ...words }) => placeCommand(calleeId, words));

/** Agora's scale: 0 unknown, 1 excellent, 2 good, 3 poor, 4 bad, 5 very bad, 6 down. */
const AgoraQuality = z.int().min(0).max(6);
const WORTH_A_WARNING: readonly (CallQuality | null)[] = [null, null, null, 'POOR', 'BAD', 'VERY_BAD', 'VERY_BAD'];

/** The worse of both directions counts. */
const Quality = z.object({ callId: IdOfCall, txQuality: AgoraQuality, rxQuality: AgoraQuality }).transform((words): Command | null => {
  const quality = WORTH_A_WARNING[Math.max(words.txQuality, words.rxQuality)] ?? null;
  return quality === null ? null : { type: 'report_quality', callId: words.callId, quality };
});

/** Every type that a Chattrix client may send. */
export const CHATTRIX_WORDS: Vocabulary = {
  noun: 'type',
  refresh: 'auth.refresh',
  commands: new Map<string, z.ZodType<Command | null>>([
    ['call.initiate', Initiate],
    ['call.ringing', RingShown],
    ['call.accept', Accept],
    ['call.reject', Reject],
    ['call.cancel', Cancel],
    ['call.end', endAs('refuse')],
    ['call.connected', Connected],
    ['call.quality', Quality],
    ['call.signal', Signal],
  ]),
};
