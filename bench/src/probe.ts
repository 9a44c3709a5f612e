import { findMax } from './find-max.ts';
import type { CallDialect } from './load/wire.ts';
import { renewing } from './renewing.ts';
import { longestP99, type Result } from './report/result.ts';
import { wireOf } from './run-scenario.ts';
import { runIdle } from './scenarios/connections.ts';
import type { Bench } from './scenarios/scenario.ts';
import { startCalls } from './start-calls.ts';
import type { Stores } from './system/stores.ts';
import type { System } from './system/system.ts';
import { undisturbed } from './undisturbed.ts';

/** The figures by which systems are compared; null: not measured. */
export interface Figures {
  /** The highest rate of ring → reject with every p99 ≤ 100 ms and no loss. */
  callsPerSecond: number | null;
  /** Of the slowest leg at 500 calls a second, in milliseconds. */
  p99At500: number;
  /** Microseconds of the services, PostgreSQL and Redis together, at 1,000 calls a second. */
  cpuPerCall: number | null;
  /** Kilobytes of the gateways. */
  memoryPerIdleConnection: number;
  connectsPerSecond: number;
}

export const FIGURES = ['callsPerSecond', 'p99At500', 'cpuPerCall', 'memoryPerIdleConnection', 'connectsPerSecond'] as const;

export interface ProbeOptions {
  stores: Stores;
  start(): Promise<System>;
  dialect: CallDialect;
  callServices: number;
  connections: number;
  seconds: number;
  /** Where the search for the highest rate begins. */
  from: number;
  /** Whether to measure on a machine that others use. */
  asIs: boolean;
  report(line: string): void;
}

const IDLE_CONNECTIONS = 2000;
const WARM_UP_SECONDS = 2;
const SEARCH_WITHIN = 0.08;

const probeIdle = async (start: () => Promise<System>, benchOf: (system: System) => Bench): Promise<Result> => {
  await using system = await start();
  return await runIdle(benchOf(system), IDLE_CONNECTIONS);
};

/** Measures one system, on fresh processes and a fresh database. */
export const probe = async ({
  stores,
  start,
  dialect,
  callServices,
  connections,
  seconds,
  from,
  asIs,
  report,
}: ProbeOptions): Promise<Figures> => {
  const benchOf = (system: System): Bench => ({ system, stores, wire: wireOf(dialect), callServices, report });
  const idle = await probeIdle(start, benchOf);
  await using calls = renewing(() => startCalls(start, benchOf, connections));
  const run = (perSecond: number): Promise<Result> =>
    undisturbed(() => calls.run({ perSecond, seconds, warmUpSeconds: WARM_UP_SECONDS, connections }), asIs);
  const quiet = await run(500);
  const busier = await run(1000);
  const best = await findMax({ from, upTo: 50_000, within: SEARCH_WITHIN, run, report });
  return {
    callsPerSecond: best?.achieved ?? null,
    p99At500: longestP99(quiet),
    cpuPerCall: busier.cpu?.server ?? null,
    memoryPerIdleConnection: idle.kilobytesPerConnection ?? Number.NaN,
    connectsPerSecond: idle.achieved,
  };
};
