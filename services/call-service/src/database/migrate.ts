import { setTimeout as pause } from 'node:timers/promises';
import knexModule, { type Knex } from 'knex';
import pg from 'pg';
import { type Database, isLockTimeout } from './database.ts';
import { callsMigration } from './migrations/0001-calls.ts';
import { blocksAndHistoryMigration } from './migrations/0002-blocks-and-history.ts';
import { pushMigration } from './migrations/0003-push.ts';
import { chatMigration } from './migrations/0004-chat.ts';
import { chatSeatsMigration } from './migrations/0005-chat-seats.ts';
import { callsByTimeMigration } from './migrations/0006-calls-by-time.ts';
import { serverApiMigration } from './migrations/0007-server-api.ts';
import { auditByFilterMigration } from './migrations/0008-audit-by-filter.ts';
import { pushesByUrgencyMigration } from './migrations/0009-pushes-by-urgency.ts';

/** In order. Migrations only add: two versions run side by side during a rollout. */
const MIGRATIONS: Readonly<Record<string, Knex.Migration>> = {
  '0001-calls': callsMigration,
  '0002-blocks-and-history': blocksAndHistoryMigration,
  '0003-push': pushMigration,
  '0004-chat': chatMigration,
  '0005-chat-seats': chatSeatsMigration,
  '0006-calls-by-time': callsByTimeMigration,
  '0007-server-api': serverApiMigration,
  '0008-audit-by-filter': auditByFilterMigration,
  '0009-pushes-by-urgency': pushesByUrgencyMigration,
};

const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: async () => Object.keys(MIGRATIONS),
  getMigrationName: (name) => name,
  getMigration: async (name) => MIGRATIONS[name] as Knex.Migration,
};

const SILENT = { warn: () => undefined, error: () => undefined, deprecate: () => undefined, debug: () => undefined };
const LOCK = 7_246_001;

/** Whoever wants a table waits behind a migration that waits for it. So one that does, as for a backup, lets the others through and tries again. */
const LOCK_TIMEOUT = { options: '-c lock_timeout=1s' };
const TRIES_APART_MS = 5000;
const MAX_TRIES = 100;

const openKnex = (databaseUrl: string): Knex =>
  knexModule({
    client: 'pg',
    connection: { connectionString: databaseUrl, ...LOCK_TIMEOUT },
    pool: { min: 0, max: 2 },
    acquireConnectionTimeout: 3000,
    log: SILENT,
  });

const tryToMigrate = async (databaseUrl: string): Promise<string[]> => {
  const knex = openKnex(databaseUrl);
  try {
    // knex's own lock outlives a process that died while it migrated; ours does not, and it is held.
    await knex.migrate.forceFreeMigrationsLock({ migrationSource });
    const [, ran]: [number, string[]] = await knex.migrate.latest({ migrationSource, disableMigrationsListValidation: true });
    return ran;
  } finally {
    await knex.destroy();
  }
};

const migrateUnderLock = async (databaseUrl: string): Promise<string[]> => {
  for (let tried = 1; ; tried += 1) {
    try {
      return await tryToMigrate(databaseUrl);
    } catch (error) {
      if (tried === MAX_TRIES || !isLockTimeout(error)) throw error;
    }
    await pause(TRIES_APART_MS);
  }
};

/** Brings the database to this version's schema, and says which migrations that took. Several processes may call it at once: they take turns. */
export const migrate = async (databaseUrl: string): Promise<string[]> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    return await migrateUnderLock(databaseUrl);
  } finally {
    await client.end();
  }
};

export interface MigrationStatus {
  name: string;
  /** `unknown`: of a later version, whose migrations this one can live with. */
  state: 'done' | 'pending' | 'unknown';
}

const HAS_RUN = `SELECT to_regclass('knex_migrations') IS NOT NULL AS "hasRun"`;
const READ_RUN = 'SELECT name FROM knex_migrations ORDER BY id';

const READ_MIGRATIONS = { name: 'read_migrations', text: READ_RUN };

/** Whether every migration of this version has run, be it with those of later ones. @throws where none has */
export const isMigrated = async (database: Pick<Database, 'query'>): Promise<boolean> => {
  const run = new Set((await database.query<{ name: string }>(READ_MIGRATIONS, [])).map(({ name }) => name));
  return Object.keys(MIGRATIONS).every((name) => run.has(name));
};

/** What has been run on a database and what has not. Changes nothing, not even where nothing was run before. */
export const migrationStatus = async (databaseUrl: string): Promise<MigrationStatus[]> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ hasRun: boolean }>(HAS_RUN);
    const done = rows[0]?.hasRun === true ? (await client.query<{ name: string }>(READ_RUN)).rows.map(({ name }) => name) : [];
    const known = Object.keys(MIGRATIONS).map((name): MigrationStatus => ({ name, state: done.includes(name) ? 'done' : 'pending' }));
    return [...known, ...done.filter((name) => !(name in MIGRATIONS)).map((name): MigrationStatus => ({ name, state: 'unknown' }))];
  } finally {
    await client.end();
  }
};
