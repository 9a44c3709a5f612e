import type { Histogram } from '../load/histogram.ts';
import type { CpuPerOperation } from '../system/cpu-meter.ts';

/** Milliseconds. */
export interface Latency {
  count: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

/** What one run of a scenario gave. An operation is a call, a connection or a change of presence. */
export interface Result {
  scenario: string;
  system: string;
  dialect: string;
  gateways: number;
  callServices: number;
  connections: number;
  /** Operations per second. */
  asked: number;
  achieved: number;
  done: number;
  /** Of those, the ones within the measured time; only where that is less than the run. */
  doneInWindow?: number;
  lost: number;
  doubled: number;
  errors: Record<string, number>;
  /** What the books say that should not be. */
  problems: string[];
  legs: Record<string, Latency>;
  cpu: CpuPerOperation | null;
  /** It was ended early, when it was certain that it did not hold. */
  wasHopeless?: boolean;
  /** Resident memory of all gateways for each connection; only where it was measured. */
  kilobytesPerConnection?: number;
  /** What Redis holds for each connection; only where that was measured. */
  redisBytesPerConnection?: number;
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

export const latencyOf = (histogram: Histogram): Latency => ({
  count: histogram.count,
  p50: rounded(histogram.percentile(0.5)),
  p95: rounded(histogram.percentile(0.95)),
  p99: rounded(histogram.percentile(0.99)),
  max: rounded(histogram.max),
});

export const latenciesOf = (legs: Readonly<Record<string, Histogram>>): Record<string, Latency> =>
  Object.fromEntries(Object.entries(legs).map(([leg, histogram]) => [leg, latencyOf(histogram)]));

/** Nothing was lost or doubled, nothing failed, and the books agree. */
export const isClean = ({ lost, doubled, errors, problems }: Result): boolean =>
  lost === 0 && doubled === 0 && Object.keys(errors).length === 0 && problems.length === 0;

export const longestP99 = ({ legs }: Result): number => Math.max(0, ...Object.values(legs).map(({ p99 }) => p99));
