import { execFile } from 'node:child_process';
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runChaos, whyNoNamespace } from '@trunkline/chaos';
import { expect, it } from 'vitest';
import { ROOT } from './repository-root.ts';

const PATIENCE_MS = 240_000;
const LOST = ['packets_lost_between_gateway_and_redis', 'packets_lost_from_call_service_to_gateway', 'phones_rejected_by_gateway'];
const SOME_LOST = 'some_packets_lost_between_call_service_and_postgres';
const obstacle = await whyNoNamespace();

it.runIf(obstacle === null)(
  `every promise holds while packets are lost${obstacle === null ? '' : `: not tried, ${obstacle}`}`,
  {
    timeout: PATIENCE_MS,
  },
  async () => {
    const said: string[] = [];
    const faults = [...LOST, SOME_LOST].join(',');
    const argv = `--namespace --times 1 --faults ${faults} --rate 10 --seed 3 --scale 0.3 --not-durable --facts-only`;
    const exitCode = await runChaos(argv.split(' '), (line) => said.push(line));
    expect(said.at(-1)).toBe('every promise held');
    expect(exitCode).toBe(0);
    for (const name of LOST) expect(said.join('\n')).toMatch(new RegExp(` ${name} met [1-9]\\d* packets`));
    expect(said.find((line) => line.startsWith('4 faults: '))).toContain(`${SOME_LOST} 1`);
  },
);

it('a namespace that cannot be had is said to be so, and why', { timeout: 60_000 }, async () => {
  const chaos = promisify(execFile)(process.execPath, [join(ROOT, 'packages/chaos/src/main.ts'), '--namespace'], {
    env: { PATH: '/nowhere' },
  });
  await expect(chaos).rejects.toMatchObject({
    code: 2,
    stdout: expect.stringMatching(
      /^--namespace cannot be had: (unshare is not installed \(Debian's package util-linux\)|only root .*|.*Linux)\n$/,
    ),
  });
});

const refusalOf = async (...argv: string[]): Promise<string | undefined> => {
  const said: string[] = [];
  expect(await runChaos(argv, (line) => said.push(line))).toBe(2);
  return said[0];
};

it('packets are lost in a namespace only', async () => {
  expect(await refusalOf('--faults', SOME_LOST)).toMatch(/^some_packets_lost_.* needs --namespace\n/);
});

it.runIf(process.platform === 'linux')('the network that others use too is never taken for a namespace', async () => {
  const here = await readlink('/proc/self/ns/net');
  expect(await refusalOf('--namespace', '--left-network', here)).toMatch(/^leftNetwork: this is still the same network\n/);
});
