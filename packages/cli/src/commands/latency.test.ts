import { startSystem, TEST_JWT_SECRET } from '@trunkline/testing';
import { expect, test } from 'vitest';
import { runCli } from '../cli.ts';
import type { Environment } from '../command.ts';

const run = async (args: readonly string[], env: Environment = {}) => {
  const printed: string[] = [];
  const errors: string[] = [];
  const io = {
    env: { JWT_SECRET: TEST_JWT_SECRET, ...env },
    print: (line: string) => printed.push(line),
    printError: (line: string) => errors.push(line),
  };
  return { exitCode: await runCli(['latency', ...args], io), printed, errors: errors.join('\n') };
};

test('rings and rejects between two gateways, by more than one pair', async () => {
  await using system = await startSystem();
  const [caller, callee] = system.gateways.map(({ url }) => url) as [string, string];
  const { exitCode, printed } = await run(['--calls', '10', '--caller', caller, '--callee', callee]);
  expect(exitCode).toBe(0);
  expect(printed).toEqual([
    '10 calls, one after another',
    expect.stringMatching(/^place → incoming +p50 \d+\.\d ms/),
    expect.stringMatching(/^reject → rejected +p50 \d+\.\d ms/),
  ]);
});

test('refuses what is no number of calls and no address, and says which', async () => {
  const { exitCode, errors } = await run(['--calls', '0', '--caller', 'ftp://host']);
  expect(exitCode).not.toBe(0);
  expect(errors).toMatch(/calls.*\n.*caller/);
});

test('its gateways are the first two that dev was told to run', async () => {
  await using system = await startSystem({ gateways: 1 });
  const port = new URL(system.gateways[0]?.url as string).port;
  expect(await run(['--caller', `http://127.0.0.1:${port}`], { GATEWAY_PORT: '1' })).toMatchObject({
    exitCode: 1,
    errors: expect.stringContaining('http://127.0.0.1:2: '),
  });
  expect(await run(['--calls', '1'], { GATEWAY_PORT: port, GATEWAYS: '1' })).toMatchObject({ exitCode: 0 });
});
