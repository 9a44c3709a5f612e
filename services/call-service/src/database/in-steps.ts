import type { Database, Statement } from './database.ts';

/** Runs a statement that changes and returns at most `limit` rows until it finds fewer: each step is short, however many rows there are. */
export const inSteps = async (database: Database, statement: Statement, limit: number, values: readonly unknown[] = []): Promise<void> => {
  while ((await database.query(statement, values)).length === limit);
};
