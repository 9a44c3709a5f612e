import pg from 'pg';
import { type Asked, type Given, type Prepared, Round, type Statement, type Values } from './round.ts';

export type { Statement } from './round.ts';

export interface Transaction {
  /** Runs on the transaction's connection. Statements sent together travel together, in order. */
  query<Row extends object>(statement: Statement, values: Values): Promise<Row[]>;
  /** Sends a write without waiting for it: the commit travels right behind, and fails if the write did. */
  send(statement: Statement, values: Values): void;
}

export interface Database extends AsyncDisposable {
  query<Row extends object>(statement: Statement, values: Values): Promise<Row[]>;
  /** Resolves after COMMIT. Whatever fails, nothing of it is stored, and the first error is thrown. `lockTimeoutMs`: instead of 2000. */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>, lockTimeoutMs?: number): Promise<Result>;
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

/** They are named as they read: what watches a connection knows them on the wire. */
const BEGIN = { name: 'BEGIN', text: 'BEGIN' };
const COMMIT = { name: 'COMMIT', text: 'COMMIT' };
const SET_LOCK_TIMEOUT = { name: 'set_lock_timeout', text: "SELECT set_config('lock_timeout', $1, true)" };

/** Of a connection of the pool's. Statements of one turn of the event loop travel together, and those that come meanwhile after them. */
class Rounds {
  readonly #client: pg.PoolClient;
  readonly #prepared: Prepared;
  #waiting: Asked[] = [];
  #isBusy = false;
  #error: unknown = null;

  constructor(client: pg.PoolClient, prepared: Prepared) {
    this.#client = client;
    this.#prepared = prepared;
  }

  ask(statement: Statement, values: Values): Promise<Given> {
    return new Promise((resolve, reject) => {
      if (this.#error !== null) return reject(this.#error);
      this.#waiting.push({ statement, values, resolve, reject });
      if (this.#waiting.length === 1 && !this.#isBusy) process.nextTick(() => this.#go());
    });
  }

  #go(): void {
    const asked = this.#waiting;
    this.#waiting = [];
    this.#isBusy = true;
    this.#client.query(new Round(asked, this.#prepared, (error) => this.#onOver(error)) as pg.Submittable);
  }

  /** A statement that failed takes along what waits behind it: it would only say that the transaction is aborted. */
  #onOver(error: unknown): void {
    this.#isBusy = false;
    this.#error = error;
    if (error !== null) for (const { reject } of this.#waiting) reject(error);
    else if (this.#waiting.length > 0) process.nextTick(() => this.#go());
  }
}

const ignoreUntilSettled = <Result>(promise: Promise<Result>): Promise<Result> => {
  // A statement that fails together with an earlier one is not an unhandled rejection: the transaction reports the first.
  promise.catch(() => undefined);
  return promise;
};

const runTransaction = async <Result>(
  rounds: Rounds,
  work: (transaction: Transaction) => Promise<Result>,
  lockTimeoutMs?: number,
): Promise<Result> => {
  const ask = (statement: Statement, values: Values): Promise<Given> => ignoreUntilSettled(rounds.ask(statement, values));
  const begun = ask(BEGIN, []);
  if (lockTimeoutMs !== undefined) void ask(SET_LOCK_TIMEOUT, [`${lockTimeoutMs}ms`]);
  const result = await work({
    query: <Row extends object>(statement: Statement, values: Values) =>
      ignoreUntilSettled(ask(statement, values).then(({ rows }) => rows as Row[])),
    send: (statement, values) => void ask(statement, values),
  });
  // It fails with what went wrong first, wherever that was.
  const [, { command }] = await Promise.all([begun, ask(COMMIT, [])]);
  if (command !== 'COMMIT') throw new Error('the transaction was rolled back');
  return result;
};

/** Connections to PostgreSQL, each with one transaction at a time. */
export const openDatabase = ({ url, poolSize, onError }: DatabaseOptions): Database => {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: 3000,
    options: DATABASE_SESSION_OPTIONS,
    application_name: 'trunkline call-service',
  });
  // The pool listens to a connection only while it is idle.
  pool.on('connect', (client) => client.on('error', onError));
  pool.on('error', () => undefined);

  const prepared = new WeakMap<pg.PoolClient, Prepared>();
  const preparedOn = (client: pg.PoolClient): Prepared => {
    const known = prepared.get(client) ?? new Map();
    prepared.set(client, known);
    return known;
  };

  const inRounds = async <Result>(work: (rounds: Rounds) => Promise<Result>): Promise<Result> => {
    const client = await pool.connect();
    try {
      const result = await work(new Rounds(client, preparedOn(client)));
      client.release();
      return result;
    } catch (error) {
      // The state of the connection is unknown: a new one is cheaper than a wrong one.
      client.release(true);
      throw error;
    }
  };

  return {
    query: <Row extends object>(statement: Statement, values: Values) =>
      inRounds(async (rounds) => (await rounds.ask(statement, values)).rows as Row[]),
    transaction: (work, lockTimeoutMs) => inRounds((rounds) => runTransaction(rounds, work, lockTimeoutMs)),
    connections: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    [Symbol.asyncDispose]: () => pool.end(),
  };
};

const SQLSTATE = /^[0-9A-Z]{5}$/;
const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '');

/** It waited for a lock for as long as it may. */
export const isLockTimeout = (error: unknown): boolean => codeOf(error) === '55P03';

/** It took longer than a statement may. */
export const isStatementTimeout = (error: unknown): boolean => codeOf(error) === '57014';

/** What the work went by has changed meanwhile: done again, it goes by what is there now. */
export class WorthRepeating extends Error {}

/** Deadlock, serialization failure, a row inserted meanwhile: the same work may succeed if done again. */
export const isWorthRepeating = (error: unknown): boolean =>
  error instanceof WorthRepeating || ['40P01', '40001', '23505'].includes(codeOf(error));

/** A session that may only read, or no right to, or no such table: before a migration, or after a failover to the wrong server. */
const REFUSES_ALL = ['25006', '42501', '42P01'];
/** Connections, resources, an operator, the machine. */
const CLASSES_OF_TROUBLE = ['08', '53', '57', '58'];

/** The database refused this very work, rather than being away, or any work at all: splitting a batch finds the culprit. */
export const isAboutTheData = (error: unknown): boolean => {
  const code = codeOf(error);
  return SQLSTATE.test(code) && !REFUSES_ALL.includes(code) && !CLASSES_OF_TROUBLE.includes(code.slice(0, 2));
};
