import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Dice } from './dice.ts';
import type { Inflicted } from './faults/fault.ts';
import { inflict, runFaults } from './faults/schedule.ts';
import { judgeAllDelays } from './judge/delays.ts';
import { type Evidence, gatherEvidence } from './judge/evidence.ts';
import { judgeFacts } from './judge/facts.ts';
import type { Verdict } from './judge/verdict.ts';
import { Crowd } from './people/crowd.ts';
import { disconnectPeople } from './people/revocations.ts';
import { SABOTAGES, type Sabotage } from './sabotage.ts';
import type { World } from './system/world.ts';

export interface RunOptions {
  world: World;
  seed: number;
  /** How long calls are placed; at most, where faults are counted. Null: as long as those take. */
  seconds: number | null;
  /** How often each fault happens, when the run is over; by default it is over when the time is. */
  times?: number | null;
  rate: number;
  faults: readonly string[];
  scale: number;
  /** Between two faults; by default scaled as they are. */
  restSeconds?: number | null;
  sabotage?: Sabotage | undefined;
  /** Runs when all calls are over and everybody is still connected. */
  whileConnected?: () => Promise<void>;
  report(line: string): void;
}

export interface RunResult {
  verdicts: Verdict[];
  evidence: Evidence;
  /** Calls that were begun, and arrivals for which nobody was free. */
  calls: number;
  turnedAway: number;
  /** How late this process itself was, in milliseconds: no delay below that means anything. */
  ownLagMs: number;
  /** How late calls were placed, at most, in milliseconds: those of that time then came all at once. */
  arrivalsLateMs: number;
}

const PAIRS_PER_CALL_A_SECOND = 3;
const FEWEST_PAIRS = 12;
const IDLE_WITHIN_MS = 60_000;
const SETTLE_WITHIN_MS = 45_000;
const TOLD_WITHIN_MS = 3000;
const SALT = { people: 1, arrivals: 2, faults: 3, sabotage: 4 };

/** Places calls until the time is up, and for as long as something else goes on. Resolves with how late they were at most, in milliseconds. */
const arrive = async (crowd: Crowd, dice: Dice, { rate, seconds, times }: RunOptions, goesOn: () => boolean): Promise<number> => {
  const endAt = Date.now() + (times == null ? (seconds ?? 0) * 1000 : 0);
  let dueAt = Date.now();
  let lateMs = 0;
  const isOver = (): boolean => dueAt >= endAt && !goesOn();
  while (!isOver()) {
    await pause(Math.max(0, dueAt - Date.now()));
    const now = Date.now();
    lateMs = Math.max(lateMs, now - dueAt);
    // All that are due: one a turn of the event loop would fall behind a slow machine, and keep it at its limit to catch up when it is not slow any more.
    while (dueAt <= now && !isOver()) {
      crowd.callSomebody();
      // Arrivals of many people who know nothing of each other.
      dueAt += (-Math.log(1 - dice.next()) * 1000) / rate;
    }
  }
  return lateMs;
};

/** Calls that a lost answer left alive are ended by their callers, and by their deadlines. */
const settle = async ({ query }: World, crowd: Crowd, name: string): Promise<void> => {
  const deadline = Date.now() + SETTLE_WITHIN_MS;
  const asked = new Set<string>();
  while (Date.now() < deadline) {
    const live = await query<{ id: string }>('SELECT id FROM calls WHERE ended_at IS NULL AND id LIKE $1', [`${name}-%`]);
    const [outbox] = await query<{ left: number }>('SELECT count(*)::int AS left FROM outbox');
    if (live.length === 0 && outbox?.left === 0) return;
    for (const { id } of live) {
      const story = crowd.stories.get(id);
      if (story === undefined || asked.has(id)) continue;
      asked.add(id);
      void story.ask(story.caller, 'end').then(({ answer }) => (answer?.ok === true ? undefined : story.ask(story.caller, 'cancel')));
    }
    await pause(250);
  }
};

/** Who was never answered asks once more, now that nothing is broken: what was done is answered as if it had been then. */
const askUnanswered = async (crowd: Crowd): Promise<void> => {
  const asking = [...crowd.stories.values()].flatMap((story) => story.unanswered().map((answered) => story.askLater(answered)));
  await Promise.all(asking);
};

const everybodyTold = async (crowd: Crowd): Promise<void> => {
  const deadline = Date.now() + TOLD_WITHIN_MS;
  const isTold = (): boolean =>
    [...crowd.stories.values()].every((story) => story.devices.every((device) => !story.wasRung(device) || story.knowsTheEnd(device)));
  while (!isTold() && Date.now() < deadline) await pause(200);
};

/** One run against a world that stands: people, faults, and the verdict. */
export const run = async (options: RunOptions): Promise<RunResult> => {
  const { world, seed, seconds, times = null, rate, faults, scale, restSeconds = null, sabotage, report } = options;
  const name = `c${seed}-${Date.now().toString(36)}`;
  const dice = new Dice(seed);
  using crowd = await Crowd.gather({
    gateways: world.links.edge,
    pairs: Math.max(FEWEST_PAIRS, Math.ceil(rate * PAIRS_PER_CALL_A_SECOND)),
    name,
    dice: dice.fork(SALT.people),
  });
  report(`${crowd.devices.length} devices are connected`);
  const inflicted: Inflicted[] = [];
  const lag = monitorEventLoopDelay({ resolution: 10 });
  lag.enable();
  const briefly = { world, dice: dice.fork(SALT.sabotage), scale: 0, report };
  let isTroubled = true;
  let isArriving = true;
  const arrivals = arrive(crowd, dice.fork(SALT.arrivals), options, () => isTroubled).finally(() => {
    isArriving = false;
  });
  const revocations = disconnectPeople(crowd, world.disconnect, () => isArriving);
  await Promise.all([
    runFaults({ world, dice: dice.fork(SALT.faults), seconds, times, names: faults, scale, restSeconds, report }, inflicted),
    sabotage === undefined ? null : SABOTAGES[sabotage]({ world, crowd, inflict: (fault) => inflict(fault, briefly, inflicted) }),
  ]);
  isTroubled = false;
  const [arrivalsLateMs] = await Promise.all([arrivals, revocations]);
  report('everybody hangs up');
  await crowd.idle(IDLE_WITHIN_MS);
  await askUnanswered(crowd);
  await settle(world, crowd, name);
  await everybodyTold(crowd);
  lag.disable();
  await options.whileConnected?.();
  const evidence = await gatherEvidence(world, crowd, inflicted);
  return {
    verdicts: [...judgeFacts(evidence), ...judgeAllDelays(evidence)],
    evidence,
    calls: crowd.stories.size,
    turnedAway: crowd.turnedAway,
    ownLagMs: lag.percentile(99) / 1e6,
    arrivalsLateMs,
  };
};

const ROUGH_SECONDS_OF_A_FAULT = 13;

/** Short runs have short faults, so that each happens as often as it should. */
export const scaleFor = (seconds: number | null, times: number, faults: readonly string[]): number =>
  seconds === null ? 1 : Math.min(1, seconds / Math.max(1, times * faults.length * ROUGH_SECONDS_OF_A_FAULT));
