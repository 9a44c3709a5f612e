import type { Database } from './stores.ts';

/** The numbers, which are the ends of the texts, of all messages from this one on; both systems keep a text as `content`. */
export const messageNumbers = async (database: Database, first: number): Promise<number[]> => {
  const rows = await database.query<{ number: number }>(
    `SELECT number FROM (SELECT substring(content from '\\d+$')::int AS number FROM messages) AS numbered WHERE number >= ${first}`,
  );
  return rows.map(({ number }) => number);
};
