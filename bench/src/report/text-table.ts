import { isClean, type Latency, type Result } from './result.ts';

/** Columns as wide as what they hold, numbers to the right. */
export const textTable = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ');
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
};

const ms = (value: number): string => value.toFixed(1);
const us = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : value.toFixed(0));

const legCells = (leg: string, { count, p50, p95, p99, max }: Latency): string[] => [
  leg,
  String(count),
  ms(p50),
  ms(p95),
  ms(p99),
  ms(max),
];

const cpuLines = ({ cpu }: Result): string[] => {
  if (cpu === null) return [];
  const parts = [...Object.entries(cpu.services), ['PostgreSQL', cpu.postgres] as const, ['Redis', cpu.redis] as const];
  return [
    `CPU per operation: ${parts.map(([name, value]) => `${name} ${us(value)} µs`).join(', ')}; server ${us(cpu.server)} µs`,
    `load generator: ${us(cpu.generator)} µs per operation, ${Math.round(cpu.generatorShare * 100)} % of a core`,
    ...(cpu.othersShare === null ? [] : [`other programs: ${Math.round(cpu.othersShare * 100)} % of the machine`]),
    `PostgreSQL: ${cpu.transactions.toFixed(2)} transactions, ${Math.round(cpu.walBytes)} bytes of log and ${Math.round(cpu.databaseBytes)} of growth per operation`,
    `Redis: ${cpu.redisCommands} commands and ${Math.round(cpu.redisBytesOut)} bytes out per operation`,
  ];
};

const troubleLines = ({ lost, doubled, errors, problems }: Result): string[] => [
  `lost ${lost}, doubled ${doubled}, errors ${JSON.stringify(errors)}`,
  ...problems.map((problem) => `PROBLEM: ${problem}`),
];

/** One run, for people. */
export const describeResult = (result: Result): string => {
  const { scenario, system, dialect, gateways, callServices, connections, asked, achieved, done, legs, kilobytesPerConnection } = result;
  const topology = system === 'trunkline' ? `${gateways} gateway(s), ${callServices} call-service(s)` : `${gateways} processes`;
  const rows = Object.entries(legs).map(([leg, latency]) => legCells(leg, latency));
  return [
    `${scenario} · ${system} · ${dialect} · ${topology} · ${connections} connections`,
    `asked ${asked}/s, achieved ${achieved}/s, ${done} done · ${isClean(result) ? 'nothing lost, nothing doubled' : 'NOT CLEAN'}`,
    ...(rows.length === 0 ? [] : [textTable(['leg (ms)', 'count', 'p50', 'p95', 'p99', 'max'], rows)]),
    ...(kilobytesPerConnection === undefined
      ? []
      : [`${kilobytesPerConnection} KB of gateway memory and ${result.redisBytesPerConnection} bytes of Redis per connection`]),
    ...troubleLines(result),
    ...cpuLines(result),
  ].join('\n');
};

/** A sweep: a line for each rate. */
export const describeSweep = (results: readonly Result[]): string => {
  const legs = Object.keys(results[0]?.legs ?? {});
  const head = ['asked/s', 'achieved/s', ...legs.map((leg) => `${leg} p50 / p99`), 'lost', 'server µs/op', 'generator core'];
  const rows = results.map(({ asked, achieved, legs: measured, lost, cpu }) => [
    String(asked),
    String(achieved),
    ...legs.map((leg) => `${ms(measured[leg]?.p50 ?? 0)} / ${ms(measured[leg]?.p99 ?? 0)}`),
    String(lost),
    us(cpu?.server),
    `${Math.round((cpu?.generatorShare ?? 0) * 100)} %`,
  ]);
  return textTable(head, rows);
};
