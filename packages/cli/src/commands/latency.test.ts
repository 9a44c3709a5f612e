import { startSystem, TEST_JWT_SECRET } from '@trunkline/testing';
import { expect, test } from 'vitest';
import { runCli } from '../cli.ts';

const run = async (args: readonly string[]) => {
  const printed: string[] = [];
  const errors: string[] = [];
  const io = {
    env: { JWT_SECRET: TEST_JWT_SECRET },
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
