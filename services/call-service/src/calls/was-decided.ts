import type { Database } from '../database/database.ts';
import { answerKey, commandKey } from './answer-key.ts';
import type { PlaceEnvelope } from './place.ts';

/** `$1` keys of answers, `$2` the call's id: whether this place was decided before, whatever came of it. */
export const WAS_DECIDED = {
  name: 'was_place_decided',
  text: `SELECT coalesce((SELECT true FROM answers WHERE key = ANY ($1::text[]) AND reply IS NOT NULL LIMIT 1),
      (SELECT true FROM calls WHERE id = $2), (SELECT true FROM calls WHERE callee_alias = $2), false) AS "wasDecided"`,
};

/** Whether a place says again what was decided before; not where that cannot be read now. */
export const wasPlaceDecided = async (database: Database, envelope: PlaceEnvelope): Promise<boolean> => {
  const key = answerKey(envelope);
  if (key === null && envelope.attempt === 1) return false;
  const keys = key === null ? [commandKey(envelope)] : [key, commandKey(envelope)];
  const values = [keys, envelope.command.callId ?? envelope.mintedCallId];
  const [row] = await database.query<{ wasDecided: boolean }>(WAS_DECIDED, values).catch(() => []);
  return row?.wasDecided ?? false;
};
