import type { JSX } from 'preact';
import { numberOf } from './format.ts';

export interface Series {
  readonly label: string;
  /** A name of `--series-…`. */
  readonly colour: 'one' | 'two' | 'three';
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  readonly unit?: string;
  readonly series: readonly Series[];
  /** How long ago the left edge is, in words. */
  readonly since: string;
}

const WIDTH = 300;
const HEIGHT = 110;
const STEPS = [1, 2, 5];

/** The least round number that is not below `value`. */
const roundUp = (value: number): number => {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  return (STEPS.find((step) => step * power >= value) ?? 10) * power;
};

interface Point {
  readonly at: string;
  readonly isAlone: boolean;
  readonly beginsLine: boolean;
}

const pointsOf = (values: readonly (number | null)[], top: number): Point[] => {
  const step = WIDTH / Math.max(1, values.length - 1);
  return values.flatMap((value, index) => {
    if (value === null) return [];
    const [before, after] = [values[index - 1] ?? null, values[index + 1] ?? null];
    const at = `${(index * step).toFixed(1)} ${(HEIGHT - (value / top) * HEIGHT).toFixed(1)}`;
    return [{ at, isAlone: before === null && after === null, beginsLine: before === null }];
  });
};

const Line = ({ entry, top }: { entry: Series; top: number }): JSX.Element => {
  const points = pointsOf(entry.values, top);
  return (
    <g class={`series-${entry.colour}`}>
      <path class="line" d={points.map(({ at, beginsLine }) => `${beginsLine ? 'M' : 'L'}${at}`).join('')} />
      <path class="points" d={points.map(({ at, isAlone }) => (isAlone ? `M${at}h0` : '')).join('')} />
    </g>
  );
};

const lastOf = (values: readonly (number | null)[]): number | null => values.findLast((value) => value !== null) ?? null;

const Reading = ({ entry, unit }: { entry: Series; unit: string }): JSX.Element => {
  const last = lastOf(entry.values);
  return (
    <li class={`reading series-${entry.colour}`}>
      <span>{entry.label}</span>
      <strong class="numbers">{last === null ? '–' : `${numberOf(last)}${unit}`}</strong>
    </li>
  );
};

/** Lines over time, the newest at the right. What they say last is also said in words. */
export const LineChart = ({ title, unit = '', series, since }: ChartProps): JSX.Element => {
  const highest = Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const top = roundUp(Math.max(highest, 1));
  return (
    <figure class="card chart">
      <figcaption>
        <h2>{title}</h2>
        <ul class="readings">
          {series.map((entry) => (
            <Reading key={entry.label} entry={entry} unit={unit} />
          ))}
        </ul>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {[0, 0.5, 1].map((share) => (
          <line key={share} class="grid" x1="0" x2={WIDTH} y1={HEIGHT * share} y2={HEIGHT * share} />
        ))}
        {series.map((entry) => (
          <Line key={entry.label} entry={entry} top={top} />
        ))}
      </svg>
      <div class="axis quiet numbers">
        <span>{since}</span>
        <span>{`0 – ${numberOf(top)}${unit}`}</span>
      </div>
    </figure>
  );
};
