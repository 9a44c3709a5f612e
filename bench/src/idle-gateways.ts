import type { Options } from './options.ts';
import { median } from './report/medians.ts';
import type { Result } from './report/result.ts';
import { textTable } from './report/text-table.ts';
import { loadOf, wireOf } from './run-scenario.ts';
import { CallBench } from './scenarios/calls.ts';
import { SYSTEM_NAMES, startSystem } from './start-system.ts';
import { IDLE_GATEWAY } from './system/child.ts';
import type { Stores } from './system/stores.ts';
import { NO_PATIENCE, undisturbed } from './undisturbed.ts';

export interface IdleGateways {
  system: string;
  /** With the gateways that have users alone, and with four more that have none, in turn. */
  alone: Result[];
  besideIdle: Result[];
  /** CPU that the idle gateways themselves used for each call of the others, in microseconds, the median. */
  idleThemselves: number | null;
  /** Server CPU per call beside idle gateways, divided by that without; medians; null: could not be read. */
  ratio: number | null;
}

const IDLE = 4;
const ROUNDS = 3;
/** How long all of it may wait for a quiet machine. */
const PATIENCE_MS = 4 * 60_000;

const medianOf = (values: readonly (number | null | undefined)[]): number | null =>
  median(values.filter((value) => typeof value === 'number'));

const cpuOf = (results: readonly Result[]): number | null => medianOf(results.map(({ cpu }) => cpu?.server));

const ratioOf = (alone: readonly Result[], besideIdle: readonly Result[]): number | null => {
  const [before, after] = [cpuOf(alone), cpuOf(besideIdle)];
  return before === null || after === null || before === 0 ? null : Math.round((after / before) * 1000) / 1000;
};

const shown = (value: number | null): string => (value === null ? '–' : value.toFixed(0));
const partsOf = ({ cpu }: Result): string =>
  cpu === null
    ? ''
    : [...Object.entries(cpu.services), ['PostgreSQL', cpu.postgres] as const, ['Redis', cpu.redis] as const]
        .map(([name, value]) => `${name} ${shown(value)}`)
        .join(', ');
const othersIn = (results: readonly Result[]): string =>
  `${Math.round((median(results.map(({ cpu }) => cpu?.othersShare ?? 0)) ?? 0) * 100)} %`;

const describe = (measured: readonly IdleGateways[], gateways: number): string =>
  textTable(
    ['server CPU, µs/call', `${gateways} gateways`, `and ${IDLE} idle`, 'ratio', 'idle themselves', 'other programs', 'not clean'],
    measured.map(({ system, alone, besideIdle, ratio, idleThemselves }) => [
      system,
      shown(cpuOf(alone)),
      shown(cpuOf(besideIdle)),
      ratio === null ? '–' : ratio.toFixed(3),
      shown(idleThemselves),
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
    const deadline = performance.now() + PATIENCE_MS / 2;
    const patience = options.asIs ? NO_PATIENCE : { isLeft: () => performance.now() < deadline };
    const run = async (what: string, into: Result[]): Promise<void> => {
      const result = await undisturbed(() => calls.run('ring-reject', load), patience);
      into.push(result);
      print(`${name}, ${what}: ${shown(result.cpu?.server ?? null)} µs/call (${partsOf(result)}), others ${othersIn([result])}`);
    };
    await calls.run('ring-reject', { ...load, warmUpSeconds: 0 });
    const [alone, besideIdle]: [Result[], Result[]] = [[], []];
    for (let round = 0; round < pairs; round += 1) {
      await run(`${gateways} gateways`, alone);
      await using _idle = await system.addIdleGateways(IDLE);
      await run(`${gateways} and ${IDLE} idle`, besideIdle);
    }
    const idleThemselves = medianOf(besideIdle.map(({ cpu }) => cpu?.services[IDLE_GATEWAY]));
    measured.push({ system: name, alone, besideIdle, idleThemselves, ratio: ratioOf(alone, besideIdle) });
  }
  print(`\nring-reject at ${load.perSecond}/s, medians of ${pairs}\n${describe(measured, gateways)}`);
  return measured;
};
