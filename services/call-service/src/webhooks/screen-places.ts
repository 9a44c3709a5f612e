import { type CommandReply, type HookAnswer, refusal } from '@trunkline/contract';
import { answerKey, commandKey } from '../calls/answer-key.ts';
import type { Decider } from '../calls/decider.ts';
import type { PlaceEnvelope } from '../calls/place.ts';
import type { DecidedEnvelope, Input, Screening } from '../calls/world.ts';
import type { Database } from '../database/database.ts';
import type { PreRingHook } from './pre-ring-hook.ts';

/** `$1` keys of answers, `$2` the call's id: whether this place was decided before, whatever came of it. */
export const WAS_DECIDED = {
  name: 'was_place_decided',
  text: `SELECT coalesce((SELECT true FROM answers WHERE key = ANY ($1::text[]) AND reply IS NOT NULL LIMIT 1),
      (SELECT true FROM calls WHERE id = $2), (SELECT true FROM calls WHERE callee_alias = $2), false) AS "wasDecided"`,
};

export interface ScreeningOptions {
  hook: Pick<PreRingHook, 'ask'>;
  database: Database;
  /** What becomes of a place that the hook said nothing about. */
  onFailure: 'open' | 'closed';
}

const isClientsPlace = (envelope: DecidedEnvelope): envelope is PlaceEnvelope =>
  envelope.command.type === 'place_call' && envelope.server === undefined;

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
 * not asked about again; what the backend places itself is not asked about at all.
 */
export const screenPlaces = (
  decider: Pick<Decider, 'decide'>,
  { hook, database, onFailure }: ScreeningOptions,
): Pick<Decider, 'decide'> => {
  const wasDecided = async (envelope: PlaceEnvelope): Promise<boolean> => {
    const key = answerKey(envelope);
    if (key === null && envelope.attempt === 1) return false;
    const keys = key === null ? [commandKey(envelope)] : [key, commandKey(envelope)];
    const values = [keys, envelope.command.callId ?? envelope.mintedCallId];
    const [row] = await database.query<{ wasDecided: boolean }>(WAS_DECIDED, values).catch(() => []);
    return row?.wasDecided ?? false;
  };

  return {
    decide: async (input: Input) => {
      if (input.kind !== 'command' || !isClientsPlace(input.envelope) || (await wasDecided(input.envelope))) return decider.decide(input);
      const answer = await hook.ask(input.envelope);
      if (answer === null && onFailure === 'closed') return unchecked(input.envelope);
      const screening = screeningOf(answer);
      return decider.decide(screening === undefined ? input : { kind: 'command', envelope: { ...input.envelope, screening } });
    },
  };
};
