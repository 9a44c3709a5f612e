import { type CommandReply, type HookAnswer, refusal } from '@trunkline/contract';
import type { Decider } from '../calls/decider.ts';
import type { PlaceEnvelope } from '../calls/place.ts';
import { wasPlaceDecided } from '../calls/was-decided.ts';
import type { DecidedEnvelope, Input, Screening } from '../calls/world.ts';
import type { Database } from '../database/database.ts';
import type { PreRingHook } from './pre-ring-hook.ts';

export interface ScreeningOptions {
  hook: Pick<PreRingHook, 'ask'>;
  database: Database;
  /** What becomes of a place that the hook said nothing about. */
  onFailure: 'open' | 'closed';
}

const isPlace = (envelope: DecidedEnvelope): envelope is PlaceEnvelope => envelope.command.type === 'place_call';

const screeningOf = (answer: HookAnswer | null): Screening | undefined => {
  if (answer === null || answer.action === 'allow') return undefined;
  return answer.action === 'deny' ? { deny: answer.reason } : 'silence';
};

const unchecked = ({ command }: PlaceEnvelope): CommandReply => ({
  ok: false,
  error: refusal('service_error', { callId: command.callId, message: 'The call could not be checked, try again' }),
});

/**
 * Asks the app's hook about each place before it is decided, while nothing is locked. A place that was decided before is
 * not asked about again; what the backend places itself does not come this way.
 */
export const screenPlaces = (
  decider: Pick<Decider, 'decide'>,
  { hook, database, onFailure }: ScreeningOptions,
): Pick<Decider, 'decide'> => ({
  decide: async (input: Input) => {
    if (input.kind !== 'command' || !isPlace(input.envelope) || (await wasPlaceDecided(database, input.envelope)))
      return decider.decide(input);
    const answer = await hook.ask(input.envelope);
    if (answer === null && onFailure === 'closed') return unchecked(input.envelope);
    const screening = screeningOf(answer);
    return decider.decide(screening === undefined ? input : { kind: 'command', envelope: { ...input.envelope, screening } });
  },
});
