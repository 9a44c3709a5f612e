import type { Database } from '../database/database.ts';
import type { Decider } from './decider.ts';

export const READ_DUE = {
  name: 'read_due_calls',
  text: 'SELECT id FROM calls WHERE due_at <= statement_timestamp() ORDER BY due_at LIMIT 500 FOR UPDATE SKIP LOCKED',
};
const MAX_ROUNDS = 20;

/** Applies every deadline that has passed. Rows that somebody is deciding at this moment are left to them. */
export const sweepDeadlines = async (database: Database, decider: Decider): Promise<void> => {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const due = await database.query<{ id: string }>(READ_DUE, []);
    if (due.length === 0) return;
    await Promise.all(due.map(({ id }) => decider.decide({ kind: 'due', callId: id })));
  }
};
