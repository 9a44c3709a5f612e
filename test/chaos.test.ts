import { type RunResult, run, runChaos, SABOTAGES, type Sabotage, startWorld, type World } from '@trunkline/chaos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PATIENCE_MS = 240_000;
const SEED = 20_261_121;
const ignore = (): void => undefined;

/** Promises about delays are judged in runs by hand: here others use the machine. */
const brokenFacts = ({ verdicts }: RunResult): unknown[] =>
  verdicts.filter(({ figure, breaches }) => figure === undefined && breaches.length > 0);

describe('a promise that is broken on purpose is found broken', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld({ gateways: 2, callServices: 1, durable: false, report: ignore });
  }, PATIENCE_MS);
  afterAll(() => world[Symbol.asyncDispose](), PATIENCE_MS);

  const sabotaged = (sabotage?: Sabotage): Promise<RunResult> =>
    run({ world, seed: SEED, seconds: 1, rate: 3, faults: [], scale: 1, sabotage, report: ignore });

  it('and without sabotage none is', { timeout: PATIENCE_MS }, async () => {
    const result = await sabotaged();
    expect(brokenFacts(result)).toEqual([]);
    expect(result.calls).toBeGreaterThan(0);
  });

  it.each(Object.keys(SABOTAGES) as Sabotage[])('%s', { timeout: PATIENCE_MS }, async (promise) => {
    const { verdicts } = await sabotaged(promise);
    expect(verdicts.filter(({ breaches }) => breaches.length > 0).map((verdict) => verdict.promise)).toContain(promise);
  });
});

it('the command exits with 1 when a promise was broken, and says of which call and under which seed', {
  timeout: PATIENCE_MS,
}, async () => {
  const said: string[] = [];
  const args = [
    '--seconds',
    '1',
    '--rate',
    '2',
    '--seed',
    '7',
    '--call-services',
    '1',
    '--not-durable',
    '--facts-only',
    '--sabotage',
    'one-outcome',
  ];
  expect(await runChaos(args, (line) => said.push(line))).toBe(1);
  expect(said.join('\n')).toMatch(/one-outcome is broken: .*\n {2}call c7-\w+-\d+ \(reject\); the database has MISSED.*\n.*asks to place/);
  expect(said.at(-1)).toBe('broken: one-outcome. Again: --seed 7');
});
