import { Client } from 'pg';

/** Runs one query on a connection of its own. */
export const queryOnce = async <Row extends object>(url: string, sql: string): Promise<Row[]> => {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  // A server that goes away while we close would otherwise be an uncaught error.
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
};
