import type { Result } from './result.ts';

const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 64;
const RIGHT = 170;
const TOP = 44;
const BOTTOM = 52;
const COLOURS = ['#1d6fb8', '#c2410c', '#15803d', '#7c3aed', '#b91c1c', '#0f766e'];
const FONT = 'font-family="system-ui, sans-serif" font-size="12"';

interface Line {
  name: string;
  isDashed: boolean;
  colour: string;
  points: readonly (readonly [x: number, y: number])[];
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const linesOf = (results: readonly Result[]): Line[] =>
  Object.keys(results[0]?.legs ?? {}).flatMap((leg, index) =>
    (['p50', 'p99'] as const).map((share) => ({
      name: `${leg}, ${share}`,
      isDashed: share === 'p50',
      colour: COLOURS[index % COLOURS.length] as string,
      points: results.map(({ achieved, legs }) => [achieved, Math.max(0.1, legs[leg]?.[share] ?? 0.1)] as const),
    })),
  );

/** Latency against load as an SVG: milliseconds on a logarithmic axis, operations per second on a linear one. */
export const latencyChart = (results: readonly Result[], title: string): string => {
  const lines = linesOf(results);
  const values = lines.flatMap(({ points }) => points.map(([, y]) => y));
  const top = Math.max(100, ...values);
  const bottom = Math.min(1, ...values);
  const rightmost = Math.max(1, ...results.map(({ achieved }) => achieved));
  const x = (rate: number): number => LEFT + (rate / rightmost) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number =>
    HEIGHT - BOTTOM - ((Math.log10(value) - Math.log10(bottom)) / (Math.log10(top) - Math.log10(bottom))) * (HEIGHT - TOP - BOTTOM);

  const powers = Array.from({ length: 8 }, (_, index) => 10 ** (index - 1)).filter((value) => value >= bottom && value <= top);
  const grid = powers.map(
    (value) =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}" stroke="${value === 100 ? '#999' : '#e5e5e5'}"/>` +
      `<text x="${LEFT - 8}" y="${y(value) + 4}" text-anchor="end" ${FONT}>${value}</text>`,
  );
  const marks = results.map(
    ({ achieved }) => `<text x="${x(achieved)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle" ${FONT}>${achieved}</text>`,
  );
  const curves = lines.map(
    ({ points, colour, isDashed }) =>
      `<polyline fill="none" stroke="${colour}" stroke-width="2"${isDashed ? ' stroke-dasharray="5 4"' : ''} points="${points
        .map(([rate, value]) => `${x(rate).toFixed(1)},${y(value).toFixed(1)}`)
        .join(' ')}"/>`,
  );
  const legend = lines.map(
    ({ name, colour }, index) =>
      `<text x="${WIDTH - RIGHT + 10}" y="${TOP + 14 + index * 18}" fill="${colour}" ${FONT}>${escaped(name)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="22" font-family="system-ui, sans-serif" font-size="14" font-weight="600">${escaped(title)}</text>`,
    ...grid,
    ...marks,
    ...curves,
    ...legend,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle" ${FONT}>operations per second</text>`,
    `<text x="16" y="${HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 16 ${HEIGHT / 2})" ${FONT}>milliseconds</text>`,
    '</svg>',
    '',
  ].join('\n');
};
