import type { Database } from '../database/database.ts';
import { inSteps } from '../database/in-steps.ts';

export const FORGET_ANSWERS = {
  name: 'forget_answers',
  text: `DELETE FROM answers WHERE key IN
    (SELECT key FROM answers WHERE created_at < statement_timestamp() - interval '24 hours' ORDER BY created_at LIMIT 5000) RETURNING key`,
};

/** Forgets the first answers to commands after a day: nobody repeats a command that late. */
export const sweepAnswers = (database: Database, stopping: AbortSignal): Promise<void> =>
  inSteps(database, FORGET_ANSWERS, 5000, [], stopping);
