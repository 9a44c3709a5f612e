import { startSystem } from '@trunkline/testing';
import { expect, test } from 'vitest';
import { runCli } from '../cli.ts';
import type { Environment } from '../command.ts';

const KEY = 'the-server-key-of-tests-only';

const run = async (args: readonly string[], env: Environment = { SERVER_API_KEYS: ` ${KEY} ,another` }) => {
  const printed: string[] = [];
  const errors: string[] = [];
  const exitCode = await runCli(['trace', ...args], { env, print: (line) => printed.push(line), printError: (line) => errors.push(line) });
  return { exitCode, printed, errors: errors.join('\n') };
};

test('prints the steps of a call and its verdict', async () => {
  await using system = await startSystem({ gateways: 1, settings: { SERVER_API_KEYS: KEY } });
  const url = system.callServices[0]?.url as string;
  const ana = await system.rest('ana');
  expect(await ana.post('/api/v1/calls/initiate', { calleeId: 'ben', callType: 'AUDIO', channelId: 'x', callId: 'call-1' })).toMatchObject({
    status: 201,
  });
  await ana.post('/api/v1/calls/call-1/cancel', {});

  const { exitCode, printed } = await run(['call-1', '--url', url]);
  expect(exitCode).toBe(0);
  expect(printed[0]).toMatch(/^call-1: ana → ben, placed 20.*Z, CANCELLED \(cancelled\)$/);
  expect(printed[2]).toMatch(/^since +side +device +step +detail$/);
  expect(printed[3]).toMatch(/^\+0\.000 s +caller +- +call_placed$/);
  expect(printed.at(-3)).toBe('');
  expect(printed.slice(-2)).toEqual(['verdict: cancelled (the ring came: nowhere)', 'The caller gave up.']);

  const { printed: asJson } = await run(['call-1', '--url', url, '--json']);
  expect(JSON.parse(asJson.join('\n'))).toMatchObject({ callId: 'call-1', verdict: 'cancelled' });

  expect(await run(['call-2', '--url', url])).toMatchObject({ exitCode: 1, errors: 'trunkline trace: There is no such call' });
  const stranger = await run(['call-1', '--url', url], { SERVER_API_KEYS: 'wrong' });
  expect(stranger).toMatchObject({ exitCode: 1, errors: expect.stringContaining('server API key') });
});

test('says where it looked when nobody answers', async () => {
  const { exitCode, errors } = await run(['call-1', '--url', 'http://127.0.0.1:1']);
  expect([exitCode, errors]).toEqual([1, 'trunkline trace: http://127.0.0.1:1 cannot be reached; --url says where call-service is']);
});

test('asks where dev was told to put call-service, unless --url says more', async () => {
  const { errors } = await run(['call-1'], { CALL_SERVICE_PORT: '1' });
  expect(errors).toBe('trunkline trace: http://127.0.0.1:1 cannot be reached; --url says where call-service is');
  expect((await run(['call-1', '--url', 'http://127.0.0.1:2'], { CALL_SERVICE_PORT: '1' })).errors).toContain('127.0.0.1:2');
  expect(await run(['call-1'], { CALL_SERVICE_PORT: 'x' })).toMatchObject({
    exitCode: 2,
    errors: expect.stringContaining('CALL_SERVICE_PORT: must be'),
  });
});

test.each([
  { args: [], problem: 'Which call?' },
  { args: ['a', 'b'], problem: 'One call id at a time' },
  { args: ['a b'], problem: 'callId: ' },
  { args: ['a', '--url', 'file:///x'], problem: 'url: must be' },
])('trace $args is refused with the reason', async ({ args, problem }) => {
  const { exitCode, errors } = await run(args);
  expect(exitCode).toBe(2);
  expect(errors).toContain(problem);
});

test('production has no default key', async () => {
  expect(await run(['a'], { NODE_ENV: 'production' })).toMatchObject({ exitCode: 2, errors: expect.stringContaining('SERVER_API_KEYS') });
});
