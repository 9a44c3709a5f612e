import type { Decider } from '../calls/decider.ts';
import type { Database } from '../database/database.ts';

export const READ_RINGING_OF = {
  name: 'read_ringing_calls_of_callees',
  text: `SELECT id FROM calls WHERE callee_id = ANY ($1::text[]) AND coalesce(ended_at, 'infinity') = 'infinity'
    AND state IN ('INITIATING', 'RINGING') AND NOT hidden_from_callee`,
};

/** Has the calls that ring for these users look again at whether push reaches them. */
export const tellReachChanged =
  (database: Database, decider: Pick<Decider, 'decide'>) =>
  async (userIds: readonly string[]): Promise<void> => {
    if (userIds.length === 0) return;
    const ringing = await database.query<{ id: string }>(READ_RINGING_OF, [userIds]);
    await Promise.all(ringing.map(({ id }) => decider.decide({ kind: 'reach', callId: id })));
  };
