import type { Writable } from 'node:stream';
import pg from 'pg';

/** One prepared SQL statement. Its name is its identity on a connection, so no two texts may share one. */
export interface Statement {
  name: string;
  text: string;
}

type Values = readonly unknown[];

export interface Transaction {
  /** Runs on the transaction's connection. Statements sent together travel together, in order. */
  query<Row extends object>(statement: Statement, values: Values): Promise<Row[]>;
  /** Sends a write without waiting for it: the commit travels right behind, and fails if the write did. */
  send(statement: Statement, values: Values): void;
}

export interface Database extends AsyncDisposable {
  query<Row extends object>(statement: Statement, values: Values): Promise<Row[]>;
  /** Resolves after COMMIT. Whatever fails, nothing of it is stored, and the first error is thrown. */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  /** How many connections there are, how many of them are idle, and how many requests wait for one. */
  connections(): { total: number; idle: number; waiting: number };
}

export interface DatabaseOptions {
  url: string;
  poolSize: number;
  onError(error: Error): void;
}

const CONNECT_TIMEOUT_MS = 2500;

/**
 * Plans made while a table is small would scan it for ever: prepared statements here look rows up by index or not at
 * all. So a plan for certain values is no better than the general one, and to make it each time can cost more than to
 * run it. An ack means committed, so `synchronous_commit` is not left to the server's settings (invariant 1).
 */
const SESSION_SETTINGS = [
  'synchronous_commit=on',
  'statement_timeout=2500',
  'lock_timeout=2000',
  'idle_in_transaction_session_timeout=5000',
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'jit=off',
  'plan_cache_mode=force_generic_plan',
];

export const DATABASE_SESSION_OPTIONS = SESSION_SETTINGS.map((setting) => `-c ${setting}`).join(' ');

const settled = async (sent: readonly Promise<unknown>[]): Promise<void> => {
  const results = await Promise.allSettled(sent);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
};

const ignoreUntilSettled = <Result>(promise: Promise<Result>): Promise<Result> => {
  // A statement that fails together with an earlier one is not an unhandled rejection: `settled` reports the first.
  promise.catch(() => undefined);
  return promise;
};

/** Statements of one turn of the event loop leave in one write: each would be a system call of its own. */
const writeTogether = (client: pg.PoolClient): void => {
  const { stream } = (client as unknown as { connection: { stream: Writable } }).connection;
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
};

const runTransaction = async <Result>(client: pg.PoolClient, work: (transaction: Transaction) => Promise<Result>): Promise<Result> => {
  writeTogether(client);
  const sent: Promise<unknown>[] = [ignoreUntilSettled(client.query('BEGIN'))];
  const run = <Row extends object>(statement: Statement, values: Values): Promise<Row[]> => {
    writeTogether(client);
    const rows = ignoreUntilSettled(client.query<Row>({ ...statement, values: values as unknown[] }).then((result) => result.rows));
    sent.push(rows);
    return rows;
  };
  const result = await work({ query: run, send: (statement, values) => void run(statement, values) }).catch(async (error: unknown) => {
    // What failed first says why; whatever was sent behind it only says that the transaction is aborted.
    await settled(sent);
    throw error;
  });
  writeTogether(client);
  const commit = ignoreUntilSettled(client.query('COMMIT'));
  await settled([...sent, commit]);
  if ((await commit).command !== 'COMMIT') throw new Error('the transaction was rolled back');
  return result;
};

/** Pipelined connections to PostgreSQL, each with one transaction at a time. */
export const openDatabase = ({ url, poolSize, onError }: DatabaseOptions): Database => {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    pipeline: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: 3000,
    options: DATABASE_SESSION_OPTIONS,
    application_name: 'trunkline call-service',
  } as pg.PoolConfig);
  // The pool listens to a connection only while it is idle.
  pool.on('connect', (client) => client.on('error', onError));
  pool.on('error', () => undefined);

  const transaction = async <Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> => {
    const client = await pool.connect();
    try {
      const result = await runTransaction(client, work);
      client.release();
      return result;
    } catch (error) {
      // The state of the connection is unknown: a new one is cheaper than a wrong one.
      client.release(true);
      throw error;
    }
  };

  return {
    query: async <Row extends object>(statement: Statement, values: Values) =>
      (await pool.query<Row>({ ...statement, values: values as unknown[] })).rows,
    transaction,
    connections: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    [Symbol.asyncDispose]: () => pool.end(),
  };
};

const SQLSTATE = /^[0-9A-Z]{5}$/;
const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '');

/** What the work went by has changed meanwhile: done again, it goes by what is there now. */
export class WorthRepeating extends Error {}

/** Deadlock, serialization failure, lock timeout, a row inserted meanwhile: the same work may succeed if done again. */
export const isWorthRepeating = (error: unknown): boolean =>
  error instanceof WorthRepeating || ['40P01', '40001', '55P03', '23505'].includes(codeOf(error));

/** The database refused this very work, rather than being away: splitting a batch finds the culprit. */
export const isAboutTheData = (error: unknown): boolean => {
  const code = codeOf(error);
  return SQLSTATE.test(code) && !code.startsWith('57') && !code.startsWith('08') && !code.startsWith('53');
};
