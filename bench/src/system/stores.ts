import { randomBytes } from 'node:crypto';
import { type BackingEnvironment, startBackingServices } from '@trunkline/backing-services';
import { Redis } from 'ioredis';
import pg from 'pg';
import { cpuOfFamily } from './processes.ts';

/** PostgreSQL and Redis for as long as the bench runs. */
export interface Stores extends AsyncDisposable {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly settings: { fsync: string; synchronousCommit: string; version: string };
  /** Added to the environment of every server that is started on them. */
  readonly forServers: Readonly<Record<string, string>>;
  /** An empty database of its own. */
  createDatabase(): Promise<Database>;
  /** A beginning of names in Redis; what has it is deleted on dispose. */
  createRedisPrefix(name: string): AsyncDisposable & { readonly prefix: string };
  /** It is disposed of with the stores at the latest, whoever else does or does not. MUST bear being disposed of twice. */
  keep<Thing extends AsyncDisposable>(thing: Thing): Thing;
  /** What both have done until now. */
  usage(): Promise<StoreUsage>;
}

export interface Database extends AsyncDisposable {
  readonly url: string;
  query<Row extends object>(text: string): Promise<Row[]>;
}

export interface StoreUsage {
  /** Microseconds of CPU; null where that cannot be read. */
  postgresCpu: number | null;
  /** Commits, of all databases. */
  transactions: number;
  /** Bytes written to its log, and bytes of all its databases with their indexes and what is not vacuumed yet. */
  walBytes: number;
  databaseBytes: number;
  redisCpu: number;
  redisCommands: number;
  /** Bytes that Redis sent to all its clients. */
  redisBytesOut: number;
  /** Bytes that it holds. */
  redisMemory: number;
}

const renamed = (url: string, name: string): string => {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
};

/** Does it the first time; whoever comes later waits for that. */
const once = (end: () => Promise<void>): (() => Promise<void>) => {
  let ending: Promise<void> | null = null;
  return () => {
    ending ??= end();
    return ending;
  };
};

const KEYS_AT_ONCE = 500;

const deleteKeys = async (redis: Redis, prefix: string): Promise<void> => {
  for await (const keys of redis.scanStream({ match: `*${prefix}*`, count: KEYS_AT_ONCE }) as AsyncIterable<string[]>) {
    if (keys.length > 0) await redis.unlink(...keys);
  }
};

const openDatabase = async (adminUrl: string, admin: pg.Client): Promise<Database> => {
  const name = `bench_${randomBytes(6).toString('hex')}`;
  await admin.query(`CREATE DATABASE ${name}`);
  const url = renamed(adminUrl, name);
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => undefined);
  return {
    url,
    query: async <Row extends object>(text: string) => (await pool.query<Row>(text)).rows,
    [Symbol.asyncDispose]: once(async () => {
      await pool.end();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    }),
  };
};

/** The server's first process, where it runs on this machine and says so to us. */
const postmasterOf = async (admin: pg.Client): Promise<number | null> => {
  try {
    const { rows } = await admin.query<{ pid: string }>(`SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1) AS pid`);
    return Number(rows[0]?.pid);
  } catch {
    return null;
  }
};

const numberIn = (info: string, field: string): number => Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0);

const redisUsage = async (redis: Redis): Promise<Pick<StoreUsage, 'redisCpu' | 'redisCommands' | 'redisBytesOut' | 'redisMemory'>> => {
  const info = `${await redis.info('cpu')}\n${await redis.info('stats')}\n${await redis.info('memory')}`;
  return {
    redisCpu: (numberIn(info, 'used_cpu_sys') + numberIn(info, 'used_cpu_user')) * 1_000_000,
    redisCommands: numberIn(info, 'total_commands_processed'),
    redisBytesOut: numberIn(info, 'total_net_output_bytes'),
    redisMemory: numberIn(info, 'used_memory'),
  };
};

type PostgresUsage = Pick<StoreUsage, 'transactions' | 'walBytes' | 'databaseBytes'>;

const postgresUsage = async (admin: pg.Client): Promise<PostgresUsage> => {
  const { rows } = await admin.query<PostgresUsage>(`SELECT sum(xact_commit)::float8 AS transactions,
    pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS "walBytes",
    (SELECT sum(pg_database_size(oid))::float8 FROM pg_database) AS "databaseBytes" FROM pg_stat_database`);
  return rows[0] as PostgresUsage;
};

const settingsOf = async (admin: pg.Client): Promise<Stores['settings']> => {
  const { rows } = await admin.query<Stores['settings']>(
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS "synchronousCommit", current_setting('server_version') AS version`,
  );
  return rows[0] as Stores['settings'];
};

interface BenchEnvironment extends BackingEnvironment {
  /** A folder for what Node compiled, for tests: servers start sooner with one, and an idle connection seems twice as large. */
  readonly BENCH_COMPILE_CACHE?: string | undefined;
}

/** Those that the environment names, else servers of our own with fsync on. Containers are left out: their CPU cannot be read. */
export const startStores = async (env: BenchEnvironment, report: (line: string) => void, durable = true): Promise<Stores> => {
  await using started = new AsyncDisposableStack();
  const backing = started.use(
    await startBackingServices({ env: { TEST_BACKENDS: 'embedded', ...env }, dataFolder: null, durable, report }),
  );
  const admin = new pg.Client({ connectionString: renamed(backing.databaseUrl, 'postgres') });
  admin.on('error', () => undefined);
  await admin.connect();
  started.defer(() => admin.end());
  const redis = started.adopt(new Redis(backing.redisUrl, { maxRetriesPerRequest: 1 }), (connection) => connection.disconnect());
  redis.on('error', () => undefined);
  const postmaster = await postmasterOf(admin);
  const settings = await settingsOf(admin);
  const running = started.move();
  const keep = <Thing extends AsyncDisposable>(thing: Thing): Thing => running.use(thing);
  return {
    databaseUrl: backing.databaseUrl,
    redisUrl: backing.redisUrl,
    settings,
    forServers: env.BENCH_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE: env.BENCH_COMPILE_CACHE },
    createDatabase: async () => keep(await openDatabase(backing.databaseUrl, admin)),
    createRedisPrefix: (name) => {
      const prefix = `${name}-${randomBytes(6).toString('hex')}`;
      return keep({ prefix, [Symbol.asyncDispose]: once(() => deleteKeys(redis, prefix)) });
    },
    keep,
    usage: async () => ({
      postgresCpu: postmaster === null ? null : cpuOfFamily(postmaster),
      ...(await postgresUsage(admin)),
      ...(await redisUsage(redis)),
    }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
