import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startSystem, until } from '@trunkline/testing';
import { expect, test } from 'vitest';
import { runCli } from '../cli.ts';

const KEY = 'the-server-key-of-tests-only';

const NO_LIMITS = { LIMIT_INITIATE_PER_MINUTE: '0', LIMIT_INITIATE_PER_PAIR_PER_MINUTE: '0', LIMIT_REST_PER_MINUTE: '0' };

/** A tail that goes on until it is stopped. */
const follow = (args: readonly string[]) => {
  const lines: string[] = [];
  const errors: string[] = [];
  const stopping = new AbortController();
  const exitCode = runCli(['tail', ...args], {
    env: { SERVER_API_KEYS: KEY },
    print: (line) => lines.push(line),
    printError: (line) => errors.push(line),
    signal: stopping.signal,
  });
  const stop = async (): Promise<number> => {
    stopping.abort();
    return exitCode;
  };
  return { lines, errors, exitCode, stop };
};

const kinds = (lines: readonly string[]): (string | undefined)[] => lines.map((line) => line.split('  ')[3]);

test('follows one call from its first step, one person from now on, and all', async () => {
  await using system = await startSystem({ gateways: 1, settings: { SERVER_API_KEYS: KEY, ...NO_LIMITS } });
  const url = system.callServices[0]?.url as string;
  const [ana, cat] = [await system.rest('ana'), await system.rest('cat')];
  await ana.post('/api/v1/calls/initiate', { calleeId: 'ben', callId: 'call-1' });

  const all = follow(['--url', url]);
  const ofOne = follow(['--call', 'call-1', '--url', url]);
  const ofEve = follow(['--user', 'eve', '--url', url, '--json']);
  await until('the first step', () => ofOne.lines.length > 0);
  expect(ofOne.lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}call-1 {2}ana → ben {2}call_placed {2}ana/);
  // Each asks from where it began, so it has begun before anything happens.
  await until('both have begun', async () => {
    await cat.post('/api/v1/calls/initiate', { calleeId: 'eve', callId: 'call-2' });
    await cat.post('/api/v1/calls/call-2/cancel', {});
    await cat.post('/api/v1/calls/initiate', { calleeId: 'eve' });
    return ofEve.lines.length > 0 && all.lines.length > 0;
  });
  await ana.post('/api/v1/calls/call-1/cancel', {});
  await until('the last step', () => kinds(ofOne.lines).includes('call_cancelled') && kinds(all.lines).includes('call_cancelled'));
  expect(kinds(ofOne.lines).filter((kind) => kind === 'call_placed')).toHaveLength(1);
  expect(ofOne.lines.every((line) => line.includes('call-1'))).toBe(true);
  const told = ofEve.lines.map((line) => JSON.parse(line) as { callId: string; calleeId: string; id: number });
  expect(told.every(({ calleeId }) => calleeId === 'eve')).toBe(true);
  expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
  expect(await Promise.all([all.stop(), ofOne.stop(), ofEve.stop()])).toEqual([0, 0, 0]);
});

test('ends without a word when nobody reads on, as behind head', async () => {
  await using system = await startSystem({ gateways: 0, settings: { SERVER_API_KEYS: KEY, ...NO_LIMITS } });
  const ana = await system.rest('ana');
  const args = [join(import.meta.dirname, '../main.ts'), 'tail', '--url', system.callServices[0]?.url as string];
  const child = spawn(process.execPath, args, { env: { ...process.env, SERVER_API_KEYS: KEY } });
  using _ = { [Symbol.dispose]: () => void child.kill() };
  const complaints = text(child.stderr);
  child.stdout.once('data', () => child.stdout.destroy());
  await until('it has ended', async () => {
    const callId = randomUUID();
    await ana.post('/api/v1/calls/initiate', { calleeId: 'ben', callId });
    await ana.post(`/api/v1/calls/${callId}/cancel`, {});
    return child.exitCode !== null;
  });
  expect([child.exitCode, await complaints]).toEqual([1, '']);
});

test.each([
  { args: ['--call', 'a', '--user', 'b'], problem: 'cannot go with --call' },
  { args: ['--call', 'a b'], problem: 'call: ' },
  { args: ['call-1'], problem: 'Usage' },
])('tail $args is refused with the reason', async ({ args, problem }) => {
  const { exitCode, errors } = follow(args);
  expect(await exitCode).toBe(2);
  expect(errors.join('\n')).toContain(problem);
});

test('says where it looked when nobody answers', async () => {
  const { exitCode, errors } = follow(['--url', 'http://127.0.0.1:1']);
  expect(await exitCode).toBe(1);
  expect(errors).toEqual(['trunkline tail: http://127.0.0.1:1 cannot be reached; --url says where call-service is']);
});
