import { FAULT_NAMES, run, startWorld } from '@trunkline/chaos';
import { expect, it } from 'vitest';

const PATIENCE_MS = 300_000;

it('every fault once, under calls, and every promise holds', { timeout: PATIENCE_MS }, async () => {
  await using world = await startWorld({ gateways: 2, callServices: 2, durable: false, report: () => undefined });
  const reported: string[] = [];
  const { verdicts, evidence } = await run({
    world,
    seed: 1,
    seconds: null,
    times: 1,
    rate: 6,
    faults: FAULT_NAMES,
    scale: 0.05,
    report: (line) => reported.push(line),
  });
  // Promises about delays are judged in runs by hand: here others use the machine.
  expect(verdicts.filter(({ figure, breaches }) => figure === undefined && breaches.length > 0)).toEqual([]);
  expect(reported.filter((line) => line.includes('was not reached'))).toEqual([]);
  expect(evidence.faults.map(({ name }) => name).sort()).toEqual([...FAULT_NAMES].sort());
});
