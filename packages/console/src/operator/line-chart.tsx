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

const pathOf = (values: readonly (number | null)[], top: number): string => {
  const step = WIDTH / Math.max(1, values.length - 1);
  let pen = 'M';
  return values
    .map((value, index) => {
      if (value === null) {
        pen = 'M';
        return '';
      }
      // Of a value with none beside it, a line without length still shows its round ends.
      const point = `${pen}${(index * step).toFixed(1)} ${(HEIGHT - (value / top) * HEIGHT).toFixed(1)}${pen === 'M' ? 'h0' : ''}`;
      pen = 'L';
      return point;
    })
    .join('');
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
        {series.map(({ label, colour, values }) => (
          <path key={label} class={`line series-${colour}`} d={pathOf(values, top)} />
        ))}
      </svg>
      <div class="axis quiet numbers">
        <span>{since}</span>
        <span>{`0 – ${numberOf(top)}${unit}`}</span>
      </div>
    </figure>
  );
};
