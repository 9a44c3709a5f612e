import { findMax, holds, LONGEST_P99_MS } from './find-max.ts';
import type { CallDialect } from './load/wire.ts';
import { renewing, type Session } from './renewing.ts';
import { median } from './report/medians.ts';
import { longestP99, type Result } from './report/result.ts';
import { wireOf } from './run-scenario.ts';
import { runIdle } from './scenarios/connections.ts';
import type { Bench } from './scenarios/scenario.ts';
import { startCalls, startChats } from './start-players.ts';
import { isDisturbed } from './system/cpu-meter.ts';
import type { Stores } from './system/stores.ts';
import type { System } from './system/system.ts';
import { type Patience, undisturbed } from './undisturbed.ts';

/** The figures by which systems are compared; null: not measured. */
export interface Figures {
  /** The highest rate of ring → reject with every p99 ≤ 100 ms and no loss; 0: none holds. */
  callsPerSecond: number | null;
  /** Of the slowest leg at 500 calls a second, in milliseconds. */
  p99At500: number;
  /** Microseconds of the services, PostgreSQL and Redis together, at 1,000 calls a second. */
  cpuPerCall: number | null;
  /** Kilobytes of the gateways. */
  memoryPerIdleConnection: number;
  connectsPerSecond: number;
  /** The highest rate of chat messages with every p99 ≤ 100 ms and no loss; 0: none holds. */
  messagesPerSecond: number | null;
}

export const FIGURES = [
  'callsPerSecond',
  'p99At500',
  'cpuPerCall',
  'memoryPerIdleConnection',
  'connectsPerSecond',
  'messagesPerSecond',
] as const satisfies (keyof Figures)[];

/** What one probe of one system gave. */
export interface Probed extends Figures {
  /** The share of the machine that other programs used meanwhile, the median of the runs; null: could not be read. */
  othersShare: number | null;
}

/** Where the searches for the highest rates begin. */
export interface Guess {
  callsPerSecond: number;
  messagesPerSecond: number;
  /** Whether it comes from a probe, so that the answer is near. */
  isInformed: boolean;
}

export interface ProbeOptions {
  stores: Stores;
  start(): Promise<System>;
  dialect: CallDialect;
  callServices: number;
  connections: number;
  /** Of each step of a search. */
  seconds: number;
  guess: Guess;
  /** Chats have one dialect: of ours they are measured once. */
  withMessages: boolean;
  patience: Patience;
  /** No step of a search begins after that, by `performance.now()`. */
  until: number;
  report(line: string): void;
}

const IDLE_CONNECTIONS = 2000;
const WARM_UP_SECONDS = 0.5;
const QUIET_SECONDS = 3;
const SEARCH_WITHIN = 0.1;
/** How many steps of a search that others disturbed are done again. */
const SECOND_CHANCES = 3;
const INFORMED_GROWTH = 1.25;
const BLIND_GROWTH = 1.6;

const probeIdle = async (start: () => Promise<System>, benchOf: (system: System) => Bench): Promise<Result> => {
  await using system = await start();
  return await runIdle(benchOf(system), IDLE_CONNECTIONS);
};

/** Measures one system, on fresh processes and a fresh database. */
export const probe = async (options: ProbeOptions): Promise<Probed> => {
  const { stores, start, dialect, callServices, connections, seconds, guess, withMessages, patience, until, report } = options;
  const benchOf = (system: System): Bench => ({ system, stores, wire: wireOf(dialect), callServices, report });
  const results: Result[] = [];
  const note = (result: Result): Result => {
    results.push(result);
    return result;
  };
  const at = async (session: Session, perSecond: number, lasting: number): Promise<Result> =>
    note(await undisturbed(() => session.run({ perSecond, seconds: lasting, warmUpSeconds: WARM_UP_SECONDS, connections }), patience));
  const highest = async (session: Session, from: number): Promise<number> => {
    let second = SECOND_CHANCES;
    const step = async (perSecond: number): Promise<Result> =>
      note(await session.run({ perSecond, seconds, warmUpSeconds: WARM_UP_SECONDS, connections, limit: { p99Ms: LONGEST_P99_MS } }));
    const best = await findMax({
      from,
      upTo: 50_000,
      within: SEARCH_WITHIN,
      growth: guess.isInformed ? INFORMED_GROWTH : BLIND_GROWTH,
      until,
      report,
      run: async (perSecond) => {
        const result = await step(perSecond);
        const isDoubtful = !holds(result) && result.cpu !== null && isDisturbed(result.cpu);
        if (!isDoubtful || second-- <= 0) return result;
        return await step(perSecond);
      },
    });
    return best?.achieved ?? 0;
  };

  const idle = note(await probeIdle(start, benchOf));
  const figures = { memoryPerIdleConnection: idle.kilobytesPerConnection ?? Number.NaN, connectsPerSecond: idle.achieved };
  const ofCalls = await (async () => {
    await using calls = renewing(() => startCalls(start, benchOf, connections));
    const quiet = await at(calls, 500, QUIET_SECONDS);
    const busier = await at(calls, 1000, QUIET_SECONDS);
    return {
      p99At500: longestP99(quiet),
      cpuPerCall: busier.cpu?.server ?? null,
      callsPerSecond: await highest(calls, guess.callsPerSecond),
    };
  })();
  const messagesPerSecond = withMessages
    ? await (async () => {
        await using chats = renewing(() => startChats(start, benchOf, connections));
        return await highest(chats, guess.messagesPerSecond);
      })()
    : null;
  const others = results.map(({ cpu }) => cpu?.othersShare ?? null).filter((share) => share !== null);
  return { ...figures, ...ofCalls, messagesPerSecond, othersShare: median(others) };
};
