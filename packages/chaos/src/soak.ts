import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Options } from './options.ts';
import { secondsOf } from './options.ts';
import { breachReport, promiseTable } from './report.ts';
import { run } from './run.ts';
import type { ServiceProcess } from './system/service-process.ts';
import type { World } from './system/world.ts';

type Print = (line: string) => void;

/** What one process held at one moment. */
interface Sample {
  atSeconds: number;
  /** Without garbage: what V8 has not collected yet depends on how busy the machine is. */
  liveMb: number;
  handles: number;
}

const DEFAULT_RATE = 50;
const DEFAULT_SECONDS = 1800;
const SAMPLES = 60;
/** Caches fill, and compilers work, before there is anything to see. */
const WARM_UP_SHARE = 0.25;
const BYTES_IN_MB = 1024 * 1024;
/** Past it, a day would cost a process more than 500 MB. */
const MOST_MB_AN_HOUR = 20;
const MOST_HANDLES_MORE = 20;

/** Null: it does not run, or this is no Linux. */
const sampleOf = async (process: ServiceProcess, atSeconds: number): Promise<Sample | null> => {
  try {
    const live = await process.liveBytes();
    return live === null ? null : { atSeconds, liveMb: live / BYTES_IN_MB, handles: readdirSync(`/proc/${process.pid}/fd`).length };
  } catch {
    return null;
  }
};

/** By least squares: how much more a second. */
export const slopeOf = (points: readonly (readonly [number, number])[]): number => {
  const mean = (index: 0 | 1): number => points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return spread === 0 ? 0 : points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
};

/** Takes samples of all processes until the work is done. */
const watch = async (world: World, everyMs: number, work: Promise<unknown>): Promise<Map<string, Sample[]>> => {
  const samples = new Map<string, Sample[]>(world.processes.map(({ name }) => [name, []]));
  const startedAt = Date.now();
  let isDone = false;
  void work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    for (const process of world.processes) {
      const sample = await sampleOf(process, (Date.now() - startedAt) / 1000);
      if (sample !== null) samples.get(process.name)?.push(sample);
    }
    await Promise.race([pause(everyMs), work.catch(() => undefined)]);
  }
  return samples;
};

/** The line of one process, and what is wrong with it. */
const judgeProcess = (name: string, all: readonly Sample[]): { line: string; wrong: string[] } => {
  const samples = all.slice(Math.floor(all.length * WARM_UP_SHARE));
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return { line: `${name}: could not be read`, wrong: [] };
  const perHour = slopeOf(samples.map(({ atSeconds, liveMb }) => [atSeconds, liveMb])) * 3600;
  const line = `${name.padEnd(16)} ${first.liveMb.toFixed(0)} → ${last.liveMb.toFixed(0)} MB (${perHour.toFixed(1)} MB an hour), ${first.handles} → ${last.handles} handles`;
  const wrong = [
    ...(perHour > MOST_MB_AN_HOUR ? [`${name} grows by ${perHour.toFixed(1)} MB an hour`] : []),
    ...(last.handles - first.handles > MOST_HANDLES_MORE ? [`${name} holds ${last.handles - first.handles} handles more`] : []),
  ];
  return { line, wrong };
};

/** How many channels of calls have a subscriber, and how many users have an open session. */
const subscriptions = async ({ redisCommand, redisPrefix, query }: World): Promise<{ channels: number; users: number }> => {
  const channels = (await redisCommand('PUBSUB', 'SHARDCHANNELS', `${redisPrefix}:calls:*`)) as unknown[];
  const [row] = await query<{ users: number }>('SELECT count(DISTINCT user_id)::int AS users FROM sessions WHERE closed_at IS NULL');
  return { channels: channels.length, users: row?.users ?? 0 };
};

const SETTLED_WITHIN_MS = 20_000;

/** Once everybody has left, nobody's channel may be left either. */
const subscriptionsLeft = async (world: World): Promise<{ channels: number; users: number }> => {
  const deadline = Date.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const left = await subscriptions(world);
    if ((left.channels === 0 && left.users === 0) || Date.now() > deadline) return left;
    await pause(250);
  }
};

/** Calls for a long time and nothing broken: does anything grow that should not? Resolves with the exit code. */
export const soak = async (world: World, options: Options, print: Print): Promise<number> => {
  const seconds = options.seconds ?? (options.minutes === undefined ? DEFAULT_SECONDS : (secondsOf(options) ?? DEFAULT_SECONDS));
  const rate = options.rate ?? DEFAULT_RATE;
  const seed = options.seed ?? 1 + (Date.now() % 1_000_000);
  print(`soak, seed ${seed}: ${rate} calls a second for ${seconds} s`);
  let atTheEnd = { channels: 0, users: 0 };
  const work = run({
    world,
    seed,
    seconds,
    rate,
    faults: [],
    scale: 1,
    report: print,
    whileConnected: async () => {
      atTheEnd = await subscriptions(world);
    },
  });
  const samples = await watch(world, (seconds * 1000) / SAMPLES, work);
  const { verdicts, evidence, calls } = await work;
  const left = await subscriptionsLeft(world);
  const judged = [...samples].map(([name, own]) => judgeProcess(name, own));
  const broken = verdicts.filter(({ breaches, figure }) => breaches.length > 0 && (figure === undefined || !options.factsOnly));
  const wrong = [
    ...judged.flatMap((each) => each.wrong),
    ...(atTheEnd.channels === atTheEnd.users ? [] : [`${atTheEnd.channels} channels are subscribed for ${atTheEnd.users} users`]),
    ...(left.channels === 0 && left.users === 0
      ? []
      : [`${left.channels} channels and ${left.users} users are left when everybody has gone`]),
    ...broken.map(({ promise }) => `${promise} is broken`),
  ];
  print('');
  for (const line of [...promiseTable(verdicts), '', ...judged.map(({ line }) => line)]) print(line);
  print(
    `${calls} calls; ${atTheEnd.channels} subscribed channels for ${atTheEnd.users} users at the end, ${left.channels} when they had left`,
  );
  for (const line of [...breachReport(broken, evidence), ...wrong]) print(line);
  return wrong.length === 0 ? 0 : 1;
};
