import type { CallDialect } from './load/wire.ts';
import type { Options } from './options.ts';
import { FIGURES, type Figures, probe } from './probe.ts';
import { median } from './report/medians.ts';
import { textTable } from './report/text-table.ts';
import { startBaseline } from './system/baseline.ts';
import type { Stores } from './system/stores.ts';
import { startTrunkline } from './system/trunkline.ts';

/** What takes part, in the order of each round. */
const ENTRANTS = ['baseline', 'onlycare', 'chattrix'] as const;
type Entrant = (typeof ENTRANTS)[number];

type Ratios = Record<keyof Figures | 'messagesPerSecond', number | null>;

export interface Comparison {
  /** Ours divided by the control's, medians, each the worse of both dialects; null: not measured. */
  ratios: Ratios;
  /** Medians. */
  ours: Record<Exclude<Entrant, 'baseline'>, Record<keyof Figures, number | null>>;
  baseline: Record<keyof Figures, number | null>;
  runs: Record<Entrant, Figures[]>;
}

const ROUNDS = 5;
/** No new round begins when it would not end within this. */
const WITHIN_MS = 15 * 60_000;
/** Below this, the control was kept from working. */
const LEAST_OF_CONTROL = 1200;
/** Of these figures, the larger is the better one. */
const LARGER_IS_BETTER: ReadonlySet<keyof Figures> = new Set(['callsPerSecond', 'connectsPerSecond']);
const FIRST_GUESS: Readonly<Record<Entrant, number>> = { baseline: 1200, onlycare: 2500, chattrix: 2500 };

const mediansOf = (runs: readonly Figures[]): Record<keyof Figures, number | null> =>
  Object.fromEntries(FIGURES.map((name) => [name, median(runs.map((run) => run[name]).filter((value) => value !== null))])) as Record<
    keyof Figures,
    number | null
  >;

const ratio = (ours: number | null, control: number | null): number | null =>
  ours === null || control === null || control === 0 ? null : Math.round((ours / control) * 1000) / 1000;

const worse = (name: keyof Figures, ratios: readonly (number | null)[]): number | null => {
  const known = ratios.filter((value) => value !== null);
  if (known.length < ratios.length) return null;
  return LARGER_IS_BETTER.has(name) ? Math.min(...known) : Math.max(...known);
};

const summaryOf = (runs: Record<Entrant, Figures[]>): Comparison => {
  const baseline = mediansOf(runs.baseline);
  const ours = { onlycare: mediansOf(runs.onlycare), chattrix: mediansOf(runs.chattrix) };
  const ratios = Object.fromEntries(
    FIGURES.map((name) => [
      name,
      worse(
        name,
        Object.values(ours).map((medians) => ratio(medians[name], baseline[name])),
      ),
    ]),
  ) as Record<keyof Figures, number | null>;
  return { ratios: { ...ratios, messagesPerSecond: null }, ours, baseline, runs };
};

const shown = (value: number | null): string => (value === null ? '–' : String(Math.round(value * 10) / 10));

const describe = ({ ours, baseline, ratios }: Comparison): string =>
  textTable(
    ['median', 'baseline', 'onlycare', 'ratio', 'chattrix', 'ratio', 'worse ratio'],
    FIGURES.map((name) => [
      name,
      shown(baseline[name]),
      ...Object.values(ours).flatMap((medians) => [shown(medians[name]), String(ratio(medians[name], baseline[name]) ?? '–')]),
      String(ratios[name] ?? '–'),
    ]),
  );

/** The ordinary server and ours in turn, on the same machine, stores and load. */
export const compareWithBaseline = async (stores: Stores, options: Options, print: (line: string) => void): Promise<Comparison> => {
  const { gateways, callServices, seconds, connections = 1000, pairs = ROUNDS, asIs } = options;
  const runs: Record<Entrant, Figures[]> = { baseline: [], onlycare: [], chattrix: [] };
  const startedAt = performance.now();
  const probeOne = async (entrant: Entrant): Promise<void> => {
    const dialect: CallDialect = entrant === 'baseline' ? 'onlycare' : entrant;
    const figures = await probe({
      stores,
      start: () =>
        entrant === 'baseline'
          ? startBaseline({ stores, processes: gateways })
          : startTrunkline({ stores, gateways, callServices, checkout: null, profileFolder: null }),
      dialect,
      callServices,
      asIs,
      connections,
      seconds,
      from: (median(runs[entrant].map(({ callsPerSecond }) => callsPerSecond ?? 0)) || FIRST_GUESS[entrant]) * 1.04,
      report: (line) => print(`  ${entrant}: ${line}`),
    });
    runs[entrant].push(figures);
    print(`${entrant}: ${FIGURES.map((name) => `${name} ${shown(figures[name])}`).join(', ')}`);
  };
  for (let round = 1; round <= pairs; round += 1) {
    const elapsed = performance.now() - startedAt;
    if (round > 1 && elapsed + elapsed / (round - 1) > WITHIN_MS) {
      print(`the time is up after ${round - 1} of ${pairs} rounds`);
      break;
    }
    print(`round ${round} of ${pairs}`);
    for (const entrant of ENTRANTS) await probeOne(entrant);
  }
  const comparison = summaryOf(runs);
  print(`\n${describe(comparison)}`);
  if ((comparison.baseline.callsPerSecond ?? 0) < LEAST_OF_CONTROL)
    print(`VOID: an ordinary server reaches ${LEAST_OF_CONTROL} calls a second here; the machine was busy with something else`);
  return comparison;
};
