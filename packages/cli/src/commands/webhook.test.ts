import { startSystem, startWebhookReceiver, TEST_WEBHOOK_SECRET, until } from '@trunkline/testing';
import { expect, test } from 'vitest';
import { runCli } from '../cli.ts';

const KEY = 'the-server-key-of-tests-only';

const run = async (...args: string[]) => {
  const printed: string[] = [];
  const errors: string[] = [];
  const context = {
    env: { SERVER_API_KEYS: KEY },
    print: (line: string) => printed.push(line),
    printError: (line: string) => errors.push(line),
  };
  const exitCode = await runCli(['webhook', ...args], context);
  return { exitCode, printed, errors: errors.join('\n') };
};

test('has webhooks sent again, those that are meant', async () => {
  await using receiver = await startWebhookReceiver();
  const settings = { SERVER_API_KEYS: KEY, WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: TEST_WEBHOOK_SECRET };
  await using system = await startSystem({ gateways: 0, settings });
  const at = ['--url', system.callServices[0]?.url as string];
  const ana = await system.rest('ana');
  await ana.post('/api/v1/calls/initiate', { calleeId: 'ben', callId: 'call-1' });
  await ana.post('/api/v1/calls/call-1/cancel', {});
  await receiver.receives('the end', ({ type }) => type === 'call.cancelled');

  expect(await run('replay', '--since', '1h', ...at)).toEqual({ exitCode: 0, printed: ['2 webhooks are sent again.'], errors: '' });
  await until('they came again', () => receiver.received.length === 4);
  const one = await run(
    'replay',
    '--since',
    '2020-01-01T00:00:00Z',
    '--type',
    'call.cancelled',
    '--type',
    'call.missed',
    '--call',
    'call-1',
    ...at,
  );
  expect(one.printed).toEqual(['1 webhooks are sent again.']);
  await until('it came again', () => receiver.received.length === 5);
});

test.each([
  { args: [], problem: 'Say what to do' },
  { args: ['send'], problem: 'Say what to do' },
  { args: ['replay'], problem: 'since when' },
  { args: ['replay', '--since', 'yesterday'], problem: 'neither a time nor a duration' },
  { args: ['replay', '--since', '1h', '--url', 'x'], problem: '--url: must be' },
  { args: ['replay', '--since', '1h', '--url', 'http://me:secret@127.0.0.1:1'], problem: '--url: must be' },
  { args: ['replay', '--since', '1h', '--type', 'call.ended', '--type', 'call.flown'], problem: '--type: there is no "call.flown"' },
  { args: ['replay', '--since', '1h', '--call', 'a b'], problem: '--call: must be' },
])('webhook $args is refused with the reason', async ({ args, problem }) => {
  expect(await run(...args)).toMatchObject({ exitCode: 2, errors: expect.stringContaining(problem) });
});
