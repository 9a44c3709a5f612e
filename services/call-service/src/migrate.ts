import { ConfigError } from '@trunkline/service-kit';
import { loadCallServiceConfig } from './config.ts';
import { migrate, migrationStatus } from './database/migrate.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const showStatus = async (databaseUrl: string): Promise<void> => {
  const migrations = await migrationStatus(databaseUrl);
  for (const { name, state } of migrations) say(`${state.padEnd(7)}  ${name}`);
  if (migrations.some(({ state }) => state === 'pending')) process.exitCode = 1;
};

const run = async (databaseUrl: string): Promise<void> => {
  const ran = await migrate(databaseUrl);
  for (const name of ran) say(`ran  ${name}`);
  say(ran.length === 0 ? 'The database is up to date.' : 'The database is up to date now.');
};

try {
  const { DATABASE_URL } = loadCallServiceConfig(process.env);
  await (process.argv.includes('--status') ? showStatus : run)(DATABASE_URL);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
