import { randomUUID } from 'node:crypto';
import pg from 'pg';

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** Runs SQL as an onlooker; `$1`… as in PostgreSQL. */
  query<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
}

const onAdminConnection = async (templateUrl: string, text: string): Promise<void> => {
  const url = new URL(templateUrl);
  url.pathname = '/postgres';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
};

const namedUrl = (templateUrl: string, name: string): string => {
  const url = new URL(templateUrl);
  url.pathname = `/${name}`;
  return url.href;
};

/** A database of its own, copied from the migrated template, and dropped when disposed of. */
export const createTestDatabase = async (templateUrl: string): Promise<TestDatabase> => {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const template = new URL(templateUrl).pathname.slice(1);
  await onAdminConnection(templateUrl, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`);
  const url = namedUrl(templateUrl, name);
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on('error', () => undefined);
  return {
    url,
    query: async <Row extends object>(text: string, values: unknown[] = []) => (await pool.query<Row>(text, values)).rows,
    async [Symbol.asyncDispose]() {
      await pool.end();
      await onAdminConnection(templateUrl, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
};
