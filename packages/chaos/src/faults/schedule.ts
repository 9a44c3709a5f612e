import { setTimeout as pause } from 'node:timers/promises';
import type { Dice } from '../dice.ts';
import type { World } from '../system/world.ts';
import { FAILPOINTS } from './failpoints.ts';
import type { Fault, Inflicted } from './fault.ts';
import { NETWORK_FAULTS } from './network-faults.ts';
import { PACKET_FAULTS } from './packet-faults.ts';
import { PROCESS_FAULTS } from './process-faults.ts';
import { STORE_FAULTS } from './store-faults.ts';

const FAULTS: Readonly<Record<string, Fault>> = { ...PROCESS_FAULTS, ...FAILPOINTS, ...STORE_FAULTS, ...NETWORK_FAULTS };

/** Those that need nothing but processes. */
export const FAULT_NAMES: readonly string[] = Object.keys(FAULTS);
/** Those that need a network of our own. */
export const PACKET_FAULT_NAMES: readonly string[] = Object.keys(PACKET_FAULTS);

/** Where none is asked for, at full length. */
const REST_SECONDS = 7;
const SHORTEST_HOLD_MS = 250;

export interface InflictOptions {
  world: World;
  dice: Dice;
  /** How much shorter than in a long run each lasts. */
  scale: number;
  report(line: string): void;
}

export interface FaultScheduleOptions extends InflictOptions {
  /** At most. Null: as long as it takes. */
  seconds: number | null;
  /** How often each happens. Null: as often as there is time for. */
  times: number | null;
  /** Between two of them, so that a delay can be laid to one, and so that there are healthy times too. Null: it is scaled as they are. */
  restSeconds: number | null;
  /** Those that happen; all of them in turn, in an order of chance, again and again. */
  names: readonly string[];
}

/** Every fault once, in an order of chance, then all of them again. */
function* turns({ dice, names, seconds, times }: FaultScheduleOptions): Generator<string> {
  const endAt = seconds === null ? Number.POSITIVE_INFINITY : Date.now() + seconds * 1000;
  for (let turn = 0; names.length > 0 && (times === null || turn < times); turn += 1) {
    for (const name of dice.shuffled(names)) {
      if (Date.now() >= endAt) return;
      yield name;
    }
  }
}

/** Inflicts one fault, and keeps it in the log. */
export const inflict = async (name: string, options: InflictOptions, log: Inflicted[]): Promise<void> => {
  const { world, dice, scale, report } = options;
  const fault = FAULTS[name] ?? PACKET_FAULTS[name];
  if (fault === undefined) throw new Error(`there is no fault ${name}`);
  const holdMs = Math.max(SHORTEST_HOLD_MS, dice.between(...fault.seconds) * 1000 * scale);
  const inflicted: Inflicted = { name, group: fault.group, countsFrom: fault.countsFrom, beganAt: Date.now(), endedAt: null };
  log.push(inflicted);
  report(`${name} for ${(holdMs / 1000).toFixed(1)} s`);
  await fault.inflict(
    world,
    dice,
    () => pause(holdMs),
    (text) => report(`${name} ${text}`),
  );
  inflicted.endedAt = Date.now();
};

/** Inflicts faults one after the other until it is enough; the one that has begun is brought to its end. */
export const runFaults = async (options: FaultScheduleOptions, log: Inflicted[]): Promise<void> => {
  const restMs = (options.restSeconds ?? REST_SECONDS * options.scale) * 1000;
  for (const name of turns(options)) {
    await inflict(name, options, log);
    await pause(restMs);
  }
};
