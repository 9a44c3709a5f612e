import type { Options } from './options.ts';
import { median } from './report/medians.ts';
import type { Result } from './report/result.ts';
import { textTable } from './report/text-table.ts';
import { loadOf, wireOf } from './run-scenario.ts';
import { CallBench } from './scenarios/calls.ts';
import { SYSTEM_NAMES, startSystem } from './start-system.ts';
import type { Stores } from './system/stores.ts';

export interface IdleGateways {
  system: string;
  /** With the gateways that have users alone, and with four more that have none, in turn. */
  alone: Result[];
  besideIdle: Result[];
  /** Server CPU per call beside idle gateways, divided by that without; medians; null: could not be read. */
  ratio: number | null;
}

const IDLE = 4;
const ROUNDS = 2;

const cpuOf = (results: readonly Result[]): number | null =>
  median(results.map(({ cpu }) => cpu?.server ?? null).filter((value) => value !== null));

const ratioOf = (alone: readonly Result[], besideIdle: readonly Result[]): number | null => {
  const [before, after] = [cpuOf(alone), cpuOf(besideIdle)];
  return before === null || after === null || before === 0 ? null : Math.round((after / before) * 1000) / 1000;
};

const shown = (value: number | null): string => (value === null ? '–' : value.toFixed(0));
const othersIn = (results: readonly Result[]): string =>
  `${Math.round((median(results.map(({ cpu }) => cpu?.othersShare ?? 0)) ?? 0) * 100)} %`;

const describe = (measured: readonly IdleGateways[], gateways: number): string =>
  textTable(
    ['server CPU, µs/call', `${gateways} gateways`, `and ${IDLE} idle`, 'ratio', 'other programs', 'not clean'],
    measured.map(({ system, alone, besideIdle, ratio }) => [
      system,
      shown(cpuOf(alone)),
      shown(cpuOf(besideIdle)),
      ratio === null ? '–' : ratio.toFixed(3),
      othersIn([...alone, ...besideIdle]),
      String([...alone, ...besideIdle].reduce((total, { lost, doubled }) => total + lost + doubled, 0)),
    ]),
  );

/** What gateways cost that have nobody: the same processes and users under the same load, without them and with them, A B A B. */
export const measureIdleGateways = async (stores: Stores, options: Options, print: (line: string) => void): Promise<IdleGateways[]> => {
  const { dialect, callServices, gateways, pairs = ROUNDS } = options;
  const [load] = loadOf('ring-reject', options);
  const measured: IdleGateways[] = [];
  for (const name of options.system === undefined ? SYSTEM_NAMES : [options.system]) {
    await using system = await startSystem(stores, { ...options, system: name });
    const wire = wireOf(name === 'baseline' ? 'onlycare' : dialect);
    using calls = await CallBench.connect({ system, stores, wire, callServices, report: () => undefined }, load.connections);
    const run = async (what: string, into: Result[]): Promise<void> => {
      const result = await calls.run('ring-reject', load);
      into.push(result);
      print(`${name}, ${what}: ${shown(result.cpu?.server ?? null)} µs/call, others ${othersIn([result])}`);
    };
    await calls.run('ring-reject', { ...load, warmUpSeconds: 0 });
    const [alone, besideIdle]: [Result[], Result[]] = [[], []];
    for (let round = 0; round < pairs; round += 1) {
      await run(`${gateways} gateways`, alone);
      await using _idle = await system.addIdleGateways(IDLE);
      await run(`${gateways} and ${IDLE} idle`, besideIdle);
    }
    measured.push({ system: name, alone, besideIdle, ratio: ratioOf(alone, besideIdle) });
  }
  print(`\nring-reject at ${load.perSecond}/s, medians of ${pairs}\n${describe(measured, gateways)}`);
  return measured;
};
