import { setTimeout as pause } from 'node:timers/promises';
import type { Dice } from '../dice.ts';
import type { World } from '../system/world.ts';
import { FAILPOINTS } from './failpoints.ts';
import type { Fault, Inflicted } from './fault.ts';
import { NETWORK_FAULTS } from './network-faults.ts';
import { PROCESS_FAULTS } from './process-faults.ts';
import { STORE_FAULTS } from './store-faults.ts';

const FAULTS: Readonly<Record<string, Fault>> = { ...PROCESS_FAULTS, ...FAILPOINTS, ...STORE_FAULTS, ...NETWORK_FAULTS };

export const FAULT_NAMES: readonly string[] = Object.keys(FAULTS);

/** Between two faults, so that a delay can be laid to one of them, and so that there are healthy times too. */
const REST_MS = 7000;
const SHORTEST_HOLD_MS = 250;

export interface FaultScheduleOptions {
  world: World;
  dice: Dice;
  /** Null: until each has happened once. */
  seconds: number | null;
  /** Those that happen; all of them in turn, in an order of chance, again and again. */
  names: readonly string[];
  /** How much shorter than in a long run each lasts, and the rest after it. */
  scale: number;
  report(line: string): void;
}

/** Every fault once, in an order of chance, then all of them again. */
function* turns({ dice, names, seconds }: FaultScheduleOptions): Generator<string> {
  const endAt = seconds === null ? Number.POSITIVE_INFINITY : Date.now() + seconds * 1000;
  for (let turn = 0; names.length > 0 && (turn === 0 || seconds !== null); turn += 1) {
    for (const name of dice.shuffled(names)) {
      if (Date.now() >= endAt) return;
      yield name;
    }
  }
}

/** Inflicts faults one after the other until the time is up; the one that has begun is brought to its end. */
export const runFaults = async (options: FaultScheduleOptions, log: Inflicted[]): Promise<void> => {
  const { world, dice, scale, report } = options;
  for (const name of turns(options)) {
    const fault = FAULTS[name];
    if (fault === undefined) throw new Error(`there is no fault ${name}`);
    const holdMs = Math.max(SHORTEST_HOLD_MS, dice.between(...fault.seconds) * 1000 * scale);
    const inflicted: Inflicted = { name, group: fault.group, countsFrom: fault.countsFrom, beganAt: Date.now(), endedAt: null };
    log.push(inflicted);
    report(`${name} for ${(holdMs / 1000).toFixed(1)} s`);
    await fault.inflict(world, dice, () => pause(holdMs));
    inflicted.endedAt = Date.now();
    await pause(REST_MS * scale);
  }
};
