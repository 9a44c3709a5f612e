import type { Options } from './options.ts';
import { renewing } from './renewing.ts';
import { median } from './report/medians.ts';
import { longestP99, type Result } from './report/result.ts';
import { textTable } from './report/text-table.ts';
import { loadOf, wireOf } from './run-scenario.ts';
import { startCalls } from './start-players.ts';
import type { Stores } from './system/stores.ts';
import type { System } from './system/system.ts';
import { startTrunkline } from './system/trunkline.ts';
import { ENDLESS_PATIENCE, NO_PATIENCE, undisturbed } from './undisturbed.ts';

type Entrant = 'theirs' | 'ours';

export interface CheckoutComparison {
  rate: number;
  theirs: Result[];
  ours: Result[];
}

const ROUNDS = 3;

const mid = (results: readonly Result[], figure: (result: Result) => number): number => median(results.map(figure)) ?? Number.NaN;

const FIGURES: Readonly<Record<string, (result: Result) => number>> = {
  'achieved/s': ({ achieved }) => achieved,
  'p99 of the slowest leg, ms': longestP99,
  'server CPU, µs/call': ({ cpu }) => cpu?.server ?? Number.NaN,
  'gateways, µs/call': ({ cpu }) => cpu?.services['socket-gateway'] ?? Number.NaN,
  'call-services, µs/call': ({ cpu }) => cpu?.services['call-service'] ?? Number.NaN,
  'PostgreSQL, µs/call': ({ cpu }) => cpu?.postgres ?? Number.NaN,
  'Redis, µs/call': ({ cpu }) => cpu?.redis ?? Number.NaN,
  'lost or doubled': ({ lost, doubled }) => lost + doubled,
};

const describe = ({ rate, theirs, ours }: CheckoutComparison): string => {
  const rows = Object.entries(FIGURES).map(([name, figure]) => {
    const [before, after] = [mid(theirs, figure), mid(ours, figure)];
    return [name, before.toFixed(1), after.toFixed(1), before === 0 ? '–' : (after / before).toFixed(3)];
  });
  return `ring-reject at ${rate}/s, medians of ${ours.length}\n${textTable(['', 'other checkout', 'this checkout', 'ratio'], rows)}`;
};

/** The services of another checkout and of this one in turn, each time fresh, under the same loads: only the ratio counts. */
export const compareCheckouts = async (
  stores: Stores,
  checkout: string,
  options: Options,
  print: (line: string) => void,
): Promise<CheckoutComparison[]> => {
  const { gateways, callServices, dialect, pairs = ROUNDS } = options;
  const loads = loadOf('ring-reject', options);
  const comparisons = loads.map(({ perSecond }): CheckoutComparison => ({ rate: perSecond, theirs: [], ours: [] }));
  const runOne = async (entrant: Entrant): Promise<void> => {
    const folder = entrant === 'theirs' ? checkout : null;
    const start = () => startTrunkline({ stores, gateways, callServices, checkout: folder, profileFolder: null });
    const benchOf = (system: System) => ({ system, stores, wire: wireOf(dialect), callServices, report: () => undefined });
    await using calls = renewing(() => startCalls(start, benchOf, loads[0]?.connections ?? 1000));
    for (const [index, load] of loads.entries()) {
      const result = await undisturbed(() => calls.run(load), options.asIs ? NO_PATIENCE : ENDLESS_PATIENCE);
      comparisons[index]?.[entrant].push(result);
      print(
        `${entrant} at ${load.perSecond}/s: server ${result.cpu?.server} µs/call, p99 ${longestP99(result)} ms, lost ${result.lost}, others ${result.cpu?.othersShare}`,
      );
    }
  };
  for (let round = 0; round < pairs; round += 1) {
    // Who goes first changes, so that neither always meets the warmer machine.
    for (const entrant of round % 2 === 0 ? (['theirs', 'ours'] as const) : (['ours', 'theirs'] as const)) await runOne(entrant);
  }
  for (const comparison of comparisons) print(`\n${describe(comparison)}`);
  return comparisons;
};
