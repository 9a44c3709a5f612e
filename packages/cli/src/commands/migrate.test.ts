import { backingUrls, createTestDatabase } from '@trunkline/testing';
import { expect, test } from 'vitest';
import { runCli } from '../cli.ts';
import type { Environment } from '../command.ts';

/** They start processes. */
const PATIENCE = { timeout: 120_000 };

const SETTINGS = {
  REDIS_URL: 'redis://127.0.0.1:1',
  JWT_SECRET: 'a secret that is good for nothing at all',
  INTERNAL_TOKEN: 'a-token-good-for-nothing',
};

const run = async (args: readonly string[], env: Environment) => {
  const printed: string[] = [];
  const errors: string[] = [];
  const context = { env, print: (line: string) => printed.push(line), printError: (line: string) => errors.push(line) };
  const exitCode = await runCli(['migrate', ...args], context);
  return { exitCode, lines: printed.join('\n').split('\n'), errors: errors.join('\n') };
};

test('a database is brought up to date, once, and says how it stands before and after', PATIENCE, async () => {
  await using database = await createTestDatabase(backingUrls().templateDatabaseUrl);
  await database.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  const env = { ...SETTINGS, DATABASE_URL: database.url };
  const before = await run(['--status'], env);
  expect(before.exitCode).toBe(1);
  expect(before.lines[0]).toBe('pending  0001-calls');
  expect(await database.query("SELECT to_regclass('knex_migrations') AS made")).toEqual([{ made: null }]);

  const first = await run([], env);
  const names = before.lines.map((line) => line.replace('pending  ', ''));
  expect(first).toEqual({ exitCode: 0, errors: '', lines: [...names.map((name) => `ran  ${name}`), 'The database is up to date now.'] });
  expect(await run([], env)).toEqual({ exitCode: 0, errors: '', lines: ['The database is up to date.'] });

  await database.query("INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('9999-later', 2, now())");
  const after = await run(['--status'], env);
  expect(after).toEqual({ exitCode: 0, errors: '', lines: [...names.map((name) => `done     ${name}`), 'unknown  9999-later'] });
});

test('what is wrong with the configuration is said, and nothing is done', PATIENCE, async () => {
  expect(await run([], {})).toMatchObject({ exitCode: 2, errors: expect.stringContaining('DATABASE_URL') });
});

test('a migration that somebody kills is no success, and says what ended it', PATIENCE, async () => {
  const killsItself = '--import=data:text/javascript,process.kill(process.pid,9)';
  const env = { ...SETTINGS, DATABASE_URL: 'postgres://127.0.0.1:1/x', NODE_OPTIONS: killsItself };
  expect(await run([], env)).toMatchObject({ exitCode: 1, errors: 'migrate.ts of call-service was ended by SIGKILL.' });
});
