import { startSystem } from '@trunkline/testing';
import { expect, test } from 'vitest';
import { runCli } from '../cli.ts';

const KEY = 'the-server-key-of-tests-only';

const run = async (args: readonly string[], key = KEY) => {
  const printed: string[] = [];
  const errors: string[] = [];
  const context = {
    env: { SERVER_API_KEYS: key },
    print: (line: string) => printed.push(line),
    printError: (line: string) => errors.push(line),
  };
  const exitCode = await runCli(['keys', ...args], context);
  return { exitCode, printed, errors: errors.join('\n') };
};

test('makes a key that works until it is revoked, and lists all of them', async () => {
  await using system = await startSystem({ gateways: 1, settings: { SERVER_API_KEYS: KEY } });
  const at = ['--url', system.callServices[0]?.url as string];
  const made = await run(['create', 'backend', ...at]);
  expect(made).toEqual({ exitCode: 0, printed: [expect.stringMatching(/^tlk_/)], errors: '' });
  const key = made.printed[0] as string;
  expect((await run(['list', ...at], key)).printed).toEqual([
    expect.stringMatching(/^name +source +created +by +last used +revoked$/),
    expect.stringMatching(/^environment-1 +environment +- +- +- +-$/),
    expect.stringMatching(/^backend +table +20\S+Z +environment-1 +\S+ +-$/),
  ]);
  expect(await run(['revoke', 'backend', ...at])).toEqual({ exitCode: 0, printed: ['backend is revoked.'], errors: '' });
  expect(await run(['list', ...at], key)).toMatchObject({ exitCode: 1, errors: 'trunkline keys: The server API key is missing or wrong' });
  expect(await run(['create', 'backend', ...at])).toMatchObject({
    exitCode: 1,
    errors: 'trunkline keys: There is, or was, a key of this name',
  });
  expect(await run(['revoke', 'nobody', ...at])).toMatchObject({ exitCode: 1, errors: expect.stringContaining('no such key') });
});

test.each([
  { args: [], problem: 'list, create or revoke' },
  { args: ['make', 'x'], problem: 'list, create or revoke' },
  { args: ['create'], problem: 'Give one name' },
  { args: ['list', 'x'], problem: 'takes no name' },
  { args: ['revoke', 'a', 'b'], problem: 'Give one name' },
  { args: ['list', '--url', 'file:///x'], problem: '--url: must be' },
  { args: ['create', 'a b'], problem: 'name: must be' },
  { args: ['create', 'environment-1'], problem: 'name: must not begin with "environment-"' },
  { args: ['revoke', 'a b'], problem: 'name: must be' },
])('keys $args is refused with the reason', async ({ args, problem }) => {
  expect(await run(args)).toMatchObject({ exitCode: 2, errors: expect.stringContaining(problem) });
});

test('a key that no request could carry is refused as a setting is', async () => {
  expect(await run(['list'], '鍵')).toMatchObject({ exitCode: 2, errors: expect.stringContaining('SERVER_API_KEYS') });
});
