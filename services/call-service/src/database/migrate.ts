import knexModule, { type Knex } from 'knex';
import pg from 'pg';
import { callsMigration } from './migrations/0001-calls.ts';
import { blocksAndHistoryMigration } from './migrations/0002-blocks-and-history.ts';
import { pushMigration } from './migrations/0003-push.ts';
import { chatMigration } from './migrations/0004-chat.ts';
import { chatSeatsMigration } from './migrations/0005-chat-seats.ts';
import { callsByTimeMigration } from './migrations/0006-calls-by-time.ts';
import { serverApiMigration } from './migrations/0007-server-api.ts';

/** In order. Migrations only add: two versions run side by side during a rollout. */
const MIGRATIONS: Readonly<Record<string, Knex.Migration>> = {
  '0001-calls': callsMigration,
  '0002-blocks-and-history': blocksAndHistoryMigration,
  '0003-push': pushMigration,
  '0004-chat': chatMigration,
  '0005-chat-seats': chatSeatsMigration,
  '0006-calls-by-time': callsByTimeMigration,
  '0007-server-api': serverApiMigration,
};

const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: async () => Object.keys(MIGRATIONS),
  getMigrationName: (name) => name,
  getMigration: async (name) => MIGRATIONS[name] as Knex.Migration,
};

const SILENT = { warn: () => undefined, error: () => undefined, deprecate: () => undefined, debug: () => undefined };
const LOCK = 7_246_001;

const migrateUnderLock = async (databaseUrl: string): Promise<void> => {
  const knex = knexModule({ client: 'pg', connection: databaseUrl, pool: { min: 0, max: 2 }, acquireConnectionTimeout: 3000, log: SILENT });
  try {
    // knex's own lock outlives a process that died while it migrated; ours does not, and it is held.
    await knex.migrate.forceFreeMigrationsLock({ migrationSource });
    await knex.migrate.latest({ migrationSource, disableMigrationsListValidation: true });
  } finally {
    await knex.destroy();
  }
};

/** Brings the database to this version's schema. Several processes may call it at once: they take turns. */
export const migrate = async (databaseUrl: string): Promise<void> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await migrateUnderLock(databaseUrl);
  } finally {
    await client.end();
  }
};
