import type { Bring } from '../calls/bring.ts';
import { MAKE_AND_LOCK_LINES } from '../calls/load.ts';
import type { Database } from '../database/database.ts';

export const READ_RINGING_OF = {
  name: 'read_ringing_calls_of_callees',
  text: `SELECT id FROM calls WHERE callee_id = ANY ($1::text[]) AND coalesce(ended_at, 'infinity') = 'infinity'
    AND state IN ('INITIATING', 'RINGING') AND NOT hidden_from_callee`,
};

/** What changes who is reached by push, and so which calls ring where. */
export interface ReachWatch {
  /** These users may have come within reach of push, or out of it. */
  changed(userIds: readonly string[]): Promise<void>;
  /** This target is stored: what rings for its user rings there too. */
  registered(userId: string, targetId: string): Promise<void>;
}

/** Has the calls that ring for users look again at how push reaches them. */
export const createReachWatch = (database: Database, bring: Bring): ReachWatch => {
  const tellCalls = async (userIds: readonly string[], more: { targetId?: string } = {}): Promise<void> => {
    const ringing = await database.query<{ id: string }>(READ_RINGING_OF, [userIds]);
    await Promise.all(ringing.map(({ id }) => bring({ kind: 'reach', callId: id, ...more })));
  };
  return {
    changed: async (userIds) => {
      if (userIds.length > 0) await tellCalls(userIds);
    },
    registered: async (userId, targetId) => {
      // Waits for calls that are being placed: they have looked for targets before this one, and ring once they are committed.
      await database.query(MAKE_AND_LOCK_LINES, [[userId]]);
      await tellCalls([userId], { targetId });
    },
  };
};
