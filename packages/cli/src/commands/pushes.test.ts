import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startPushStandIn } from '@trunkline/push-stand-in';
import { expect, test } from 'vitest';
import { runCli } from '../cli.ts';

const run = async (port: string, ...args: string[]) => {
  const printed: string[] = [];
  const errors: string[] = [];
  const context = {
    env: { PUSH_STAND_IN_PORT: port },
    print: (line: string) => printed.push(line),
    printError: (line: string) => errors.push(line),
  };
  const exitCode = await runCli(['pushes', ...args], context);
  return { exitCode, printed, errors: errors.join('\n') };
};

const push = (fcmUrl: string, token: string, data: Record<string, string>) =>
  fetch(`${fcmUrl}/v1/projects/p/messages:send`, {
    method: 'POST',
    headers: { authorization: 'Bearer owner' },
    body: JSON.stringify({ message: { token, data, android: { ttl: '59.9s' } } }),
  });

test('lists what the stand-in received, the last of it last', async () => {
  await using standIn = await startPushStandIn();
  const { port } = new URL(standIn.fcmUrl);
  expect(await run(port)).toEqual({ exitCode: 0, printed: ['Nothing was pushed yet.'], errors: '' });

  await push(standIn.fcmUrl, 'a-token', { type: 'incoming_call', callId: 'c1' });
  await push(standIn.fcmUrl, 'a-token-of-more-than-24-characters', { type: 'call_cancelled', callId: 'c1' });

  const { printed } = await run(port);
  expect(printed).toEqual([
    expect.stringMatching(/^\d\d:\d\d:\d\d {2}fcm {2}to a-token {2}ttl 60s$/),
    '  {"type":"incoming_call","callId":"c1"}',
    expect.stringMatching(/^\d\d:\d\d:\d\d {2}fcm {2}to a-token-of…characters {2}ttl 60s$/),
    '  {"type":"call_cancelled","callId":"c1"}',
  ]);
  expect((await run(port, '--last', '1')).printed).toEqual(printed.slice(2));
  expect(JSON.parse((await run(port, '--json')).printed.join(''))).toMatchObject([{ target: 'a-token' }, {}]);
});

test('says so when dev is not running', async () => {
  expect(await run('1')).toEqual({
    exitCode: 1,
    printed: [],
    errors: expect.stringContaining('trunkline pushes: Nothing answers at http://127.0.0.1:1. "pnpm dev" runs the stand-in there'),
  });
});

test('says so when it is somebody else who answers', async () => {
  const server = createServer((_request, response) => response.end('{}'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { exitCode, errors } = await run(String((server.address() as AddressInfo).port));
  expect([exitCode, errors]).toEqual([1, expect.stringContaining('Something else than the push stand-in answers')]);
  server.close();
  server.closeAllConnections();
});

test('a count that is none is refused', async () => {
  expect(await run('1', '--last', 'x')).toMatchObject({ exitCode: 2, printed: [] });
});
