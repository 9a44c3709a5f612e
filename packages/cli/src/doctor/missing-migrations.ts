import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { queryOnce } from '@trunkline/backing-services';
import { REPOSITORY } from '../dev/dev-settings.ts';

const FOLDER = join(REPOSITORY, 'services/call-service/src/database/migrations');
const MIGRATION = /^\d{4}-[a-z0-9-]+\.ts$/;

const HAS_RUN = `SELECT to_regclass('knex_migrations') IS NOT NULL AS "hasRun"`;
const READ_RUN = 'SELECT name FROM knex_migrations';

/** Each is named as its file is. */
const migrationsOfThisVersion = (): string[] =>
  readdirSync(FOLDER)
    .filter((file) => MIGRATION.test(file))
    .map((file) => basename(file, '.ts'))
    .sort();

/** The migrations of this version that a database lacks: with one of them missing, no call-service is ready. */
export const missingMigrations = async (databaseUrl: string): Promise<string[]> => {
  const [found] = await queryOnce<{ hasRun: boolean }>(databaseUrl, HAS_RUN);
  const rows = found?.hasRun === true ? await queryOnce<{ name: string }>(databaseUrl, READ_RUN) : [];
  const run = new Set(rows.map(({ name }) => name));
  return migrationsOfThisVersion().filter((name) => !run.has(name));
};
