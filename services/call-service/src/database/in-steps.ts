import type { Database, Statement } from './database.ts';

/**
 * Runs a statement that changes and returns at most `limit` rows until it finds fewer: each step is short, however many
 * rows there are. Begins no further one once it is to stop.
 */
export const inSteps = async (
  database: Database,
  statement: Statement,
  limit: number,
  values: readonly unknown[] = [],
  stopping?: AbortSignal,
): Promise<void> => {
  while (stopping?.aborted !== true && (await database.query(statement, values)).length === limit);
};
