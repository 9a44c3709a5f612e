import { FIGURES, type Figures, type Probed } from './probe.ts';
import { median } from './report/medians.ts';
import { textTable } from './report/text-table.ts';

/** What takes part, in the order of each round. */
export const ENTRANTS = ['baseline', 'onlycare', 'chattrix'] as const;
export type Entrant = (typeof ENTRANTS)[number];
type Ours = Exclude<Entrant, 'baseline'>;

type Medians = Record<keyof Figures, number | null>;

export interface Comparison {
  /** Ours divided by the control's, medians, each the worse of both dialects; null: not measured. */
  ratios: Medians;
  /** Medians. Chats have one dialect of their own, and are measured beside OnlyCare. */
  ours: Record<Ours, Medians>;
  baseline: Medians;
  runs: Record<Entrant, Probed[]>;
}

/** Of these figures, the larger is the better one. */
const LARGER_IS_BETTER: ReadonlySet<keyof Figures> = new Set(['callsPerSecond', 'connectsPerSecond', 'messagesPerSecond']);
/** Below this, the control was kept from working. */
const LEAST_OF_CONTROL = 1200;

export const entrantsOf = (name: keyof Figures): readonly Ours[] =>
  name === 'messagesPerSecond' ? ['onlycare'] : ['onlycare', 'chattrix'];

const mediansOf = (runs: readonly Probed[]): Medians =>
  Object.fromEntries(FIGURES.map((name) => [name, median(runs.map((run) => run[name]).filter((value) => value !== null))])) as Medians;

const ratio = (ours: number | null, control: number | null): number | null =>
  ours === null || control === null || control === 0 ? null : Math.round((ours / control) * 1000) / 1000;

const worse = (name: keyof Figures, ratios: readonly (number | null)[]): number | null => {
  const known = ratios.filter((value) => value !== null);
  if (known.length < ratios.length) return null;
  return LARGER_IS_BETTER.has(name) ? Math.min(...known) : Math.max(...known);
};

/** Medians of all rounds, and what they say of ours. */
export const comparisonOf = (runs: Record<Entrant, Probed[]>): Comparison => {
  const baseline = mediansOf(runs.baseline);
  const ours = { onlycare: mediansOf(runs.onlycare), chattrix: mediansOf(runs.chattrix) };
  const worst = (name: keyof Figures): number | null =>
    worse(
      name,
      entrantsOf(name).map((entrant) => ratio(ours[entrant][name], baseline[name])),
    );
  return { ratios: Object.fromEntries(FIGURES.map((name) => [name, worst(name)])) as Medians, ours, baseline, runs };
};

export const shown = (value: number | null): string => (value === null ? '–' : String(Math.round(value * 10) / 10));

const percent = (share: number | null): string => (share === null ? '?' : `${Math.round(share * 100)} %`);

const tableOf = ({ ours, baseline, ratios }: Comparison): string =>
  textTable(
    ['median', 'baseline', 'onlycare', 'ratio', 'chattrix', 'ratio', 'worse ratio'],
    FIGURES.map((name) => [
      name,
      shown(baseline[name]),
      ...Object.values(ours).flatMap((medians) => [shown(medians[name]), String(ratio(medians[name], baseline[name]) ?? '–')]),
      String(ratios[name] ?? '–'),
    ]),
  );

/** For people: the table, what disturbed it, and whether it says anything. */
export const describeComparison = (comparison: Comparison): string => {
  const { runs, baseline } = comparison;
  const others = ENTRANTS.map((entrant) => `${entrant} ${percent(median(runs[entrant].map(({ othersShare }) => othersShare ?? 0)))}`);
  const isVoid = (baseline.callsPerSecond ?? 0) < LEAST_OF_CONTROL;
  return [
    tableOf(comparison),
    `pairs: ${runs.chattrix.length}; other programs used of the machine meanwhile: ${others.join(', ')}`,
    ...(isVoid
      ? [`VOID: an ordinary server reaches ${LEAST_OF_CONTROL} calls a second here; the machine was busy with something else`]
      : []),
  ].join('\n');
};
