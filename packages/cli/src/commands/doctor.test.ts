import { queryOnce } from '@trunkline/backing-services';
import { backingUrls, createTestDatabase, startSystem } from '@trunkline/testing';
import { expect, test } from 'vitest';
import { runCli } from '../cli.ts';
import type { Environment } from '../command.ts';

const run = async (args: readonly string[], env: Environment) => {
  const printed: string[] = [];
  const errors: string[] = [];
  const exitCode = await runCli(['doctor', ...args], { env, print: (line) => printed.push(line), printError: (line) => errors.push(line) });
  return { exitCode, printed, text: printed.join('\n'), errors: errors.join('\n') };
};

test('looks at a whole system that runs', async () => {
  await using system = await startSystem({ gateways: 1 });
  const services = [...system.callServices, ...system.gateways].flatMap(({ url }) => ['--service', url]);
  const { printed, text } = await run(services, { DATABASE_URL: system.database.url, REDIS_URL: backingUrls().redisUrl });
  for (const said of [/^ok +PostgreSQL +version \d+\.\d+$/m, /^ok +PostgreSQL +synchronous_commit=on$/m, /^ok +Redis +version \d/m])
    expect(text).toMatch(said);
  expect(text).toMatch(/^ok +PostgreSQL +the tables are there$/m);
  expect(text).toMatch(/^ok +clock of PostgreSQL +\d+\.\d{3} s/m);
  expect(printed.filter((line) => /^ok +http:.* +ready$/.test(line))).toHaveLength(2);
});

test('what is away or not set is a problem, said with what to do', async () => {
  const { exitCode, text } = await run(['--service', 'http://127.0.0.1:1'], { DATABASE_URL: 'postgres://127.0.0.1:1/x' });
  expect(exitCode).toBe(1);
  expect(text).toMatch(/^PROBLEM +PostgreSQL +does not answer: /m);
  expect(text).toMatch(/^PROBLEM +Redis +REDIS_URL is not set$/m);
  expect(text).toMatch(/^PROBLEM +http:\/\/127\.0\.0\.1:1 +does not answer$/m);
  expect(text).toMatch(/^To do \(Redis\): Set it/m);
  expect(text).toMatch(/^note +FCM +is not set up/m);
  expect(text).toMatch(/^Hint \(Web Push\): Set VAPID_PUBLIC_KEY/m);
  expect(text).toMatch(/^3 problem\(s\)\.$/m);
});

test('a database that lacks a migration of this version is a problem', async () => {
  const { templateDatabaseUrl, redisUrl } = backingUrls();
  await using database = await createTestDatabase(templateDatabaseUrl);
  await queryOnce(database.url, `DELETE FROM knex_migrations WHERE name = '0007-server-api'`);
  const settings = { DATABASE_URL: database.url, REDIS_URL: redisUrl };
  expect((await run([], settings)).text).toMatch(/^PROBLEM +PostgreSQL +the tables of this version are missing: 0007-server-api$/m);
  await queryOnce(database.url, 'DROP TABLE knex_migrations');
  expect((await run([], settings)).text).toMatch(/^PROBLEM +PostgreSQL +the tables of this version are missing: 0001-calls, /m);
});

test.each([
  { address: 'ftp://x', problem: 'service: must be an http:// or https:// URL' },
  { address: 'http://me:secret@127.0.0.1:1', problem: 'service: must be a URL without a user and a password' },
])('$address is refused as the address of a service', async ({ address, problem }) => {
  expect(await run(['--service', address], {})).toMatchObject({ exitCode: 2, errors: expect.stringContaining(problem) });
});

test('the services that it asks are those that dev was told to run', async () => {
  const { text } = await run([], { CALL_SERVICE_PORT: '12', CALL_SERVICES: '2', GATEWAY_PORT: '20', GATEWAYS: '1', NOTIFIER_PORT: '30' });
  const asked = [...text.matchAll(/^PROBLEM +http:\/\/127\.0\.0\.1:(\d+) /gm)].map(([, port]) => port);
  expect(asked).toEqual(['12', '11', '20', '30']);
});
