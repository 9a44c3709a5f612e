import { type CommandReply, refusal } from '@trunkline/contract';
import type { Decider } from '../calls/decider.ts';
import type { PlaceEnvelope } from '../calls/place.ts';
import { wasPlaceDecided } from '../calls/was-decided.ts';
import type { Input } from '../calls/world.ts';
import type { Database } from '../database/database.ts';
import type { RateLimit } from './rate-limit.ts';

export interface PlaceLimits {
  database: Database;
  perCaller: RateLimit;
  perPair: RateLimit;
}

const longest = (...waits: (number | null)[]): number | null =>
  waits.reduce<number | null>((longer, wait) => (wait !== null && wait > (longer ?? 0) ? wait : longer), null);

type PlaceInput = Extract<Input, { kind: 'command' }> & { envelope: PlaceEnvelope };

const isFirstAttempt = (input: Input): input is PlaceInput =>
  input.kind === 'command' && input.envelope.command.type === 'place_call' && input.envelope.attempt === 1;

/**
 * Lets a person place only so many calls, and only so many to the same other. What an edge repeats is counted once; what a client repeats
 * is counted, and answered all the same: its first call may ring.
 */
export const limitPlaces = (decider: Pick<Decider, 'decide'>, { database, perCaller, perPair }: PlaceLimits): Pick<Decider, 'decide'> => {
  const place = async (input: PlaceInput): Promise<CommandReply | null> => {
    const { actor, command } = input.envelope;
    const pair = JSON.stringify([actor.userId, command.calleeId]);
    const retryAfterSeconds = longest(await perCaller.take(actor.userId), await perPair.take(pair));
    if (retryAfterSeconds === null || (await wasPlaceDecided(database, input.envelope))) return decider.decide(input);
    return { ok: false, error: { ...refusal('rate_limited', { callId: command.callId }), retryAfterSeconds } };
  };
  return { decide: (input) => (isFirstAttempt(input) ? place(input) : decider.decide(input)) };
};
