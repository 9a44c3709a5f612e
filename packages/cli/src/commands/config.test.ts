import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from '../cli.ts';
import type { Environment } from '../command.ts';

const WHOLE: Environment = {
  DATABASE_URL: 'postgres://127.0.0.1:1/x',
  REDIS_URL: 'redis://127.0.0.1:1',
  JWT_SECRET: 'a secret that is good for nothing at all',
  INTERNAL_TOKEN: 'a-token-good-for-nothing',
  CALL_SERVICE_URLS: 'http://127.0.0.1:1',
};

/** They start processes. */
const PATIENCE = { timeout: 120_000 };

const run = async (args: readonly string[], env: Environment) => {
  const printed: string[] = [];
  const errors: string[] = [];
  const exitCode = await runCli(['config', ...args], { env, print: (line) => printed.push(line), printError: (line) => errors.push(line) });
  return { exitCode, text: printed.join('\n'), errors: errors.join('\n') };
};

test('every service is asked whether it would start', PATIENCE, async () => {
  const { exitCode, text } = await run(['check'], WHOLE);
  expect(text.split('\n')).toEqual(['call-service', 'socket-gateway', 'notifier'].map((name) => `${name}: The configuration holds.`));
  expect(exitCode).toBe(0);
});

test('everything that is wrong is named at once, service by service', PATIENCE, async () => {
  const { exitCode, text } = await run(['check'], {
    ...WHOLE,
    DATABASE_URL: 'mysql://x',
    RING_TIMEOUT_SECONDS: '1',
    CALL_SERVICE_URLS: '',
  });
  expect(exitCode).toBe(2);
  expect(text).toMatch(/^call-service: The configuration has 2 problem\(s\):\n {2}DATABASE_URL: .*\n {2}RING_TIMEOUT_SECONDS: /m);
  expect(text).toMatch(/^socket-gateway: The configuration has 1 problem\(s\):\n {2}CALL_SERVICE_URLS: /m);
  expect(text).toMatch(/^notifier: The configuration has 1 problem\(s\):\n {2}CALL_SERVICE_URLS: /m);
});

test.each(['--settings', '--env-file'])('settings may come from a file, for one service alone: %s', PATIENCE, async (option) => {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-'));
  try {
    const file = join(folder, 'production.env');
    writeFileSync(file, 'NODE_ENV=production\nREDIS_URL="nonsense"\n');
    const { exitCode, text } = await run(['check', '--service', 'notifier', option, file], WHOLE);
    expect([exitCode, text]).toEqual([
      2,
      'notifier: The configuration has 1 problem(s):\n  REDIS_URL: must be a redis:// or rediss:// URL',
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a NODE_ENV that only looks like production is warned of, and not refused', PATIENCE, async () => {
  const { exitCode, text } = await run(['check', '--service', 'notifier'], { ...WHOLE, NODE_ENV: 'prod' });
  expect([exitCode, text.split('\n')]).toEqual([
    0,
    [expect.stringMatching(/^Warning: NODE_ENV is "prod".*"production"/), 'notifier: The configuration holds.'],
  ]);
});

test.each([
  { args: [], problem: 'config check' },
  { args: ['check', '--service', 'console'], problem: 'service: ' },
  { args: ['check', '--settings', '/no/such/file'], problem: 'settings: ' },
])('config $args is refused with the reason', async ({ args, problem }) => {
  expect(await run(args, WHOLE)).toMatchObject({ exitCode: 2, errors: expect.stringContaining(problem) });
});

test('the file of settings is ours to read, and not taken by Node, wherever its option stands', PATIENCE, () => {
  const args = [join(import.meta.dirname, '../main.ts'), 'config', 'check', '--settings', '/no/such/file'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect([status, stderr]).toEqual([2, expect.stringMatching(/^settings: .*\/no\/such\/file/)]);
});
