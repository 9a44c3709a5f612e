import type { Dice } from '../dice.ts';
import type { World } from '../system/world.ts';

/** Which promise about delays holds while a fault of this kind is felt. */
export type FaultGroup = 'gateway' | 'call-service' | 'redis' | 'postgres' | 'notifier' | 'phones' | 'clock' | 'rolling';

export interface Fault {
  group: FaultGroup;
  /** How long it lasts in a long run. */
  seconds: readonly [number, number];
  /** Delays are counted from when it began (something died and came back), or from when it was over (something was unreachable). */
  countsFrom: 'begin' | 'end';
  /** Does it, waits with `hold`, and undoes it: when this resolves, everything runs and is connected. `note`: what is told of it. */
  inflict(world: World, dice: Dice, hold: () => Promise<void>, note: (text: string) => void): Promise<void>;
}

/** One fault as it happened; epoch milliseconds. */
export interface Inflicted {
  name: string;
  group: FaultGroup;
  countsFrom: Fault['countsFrom'];
  beganAt: number;
  /** Null while it lasts. */
  endedAt: number | null;
}
