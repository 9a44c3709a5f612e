import { setTimeout as delay } from 'node:timers/promises';
import type { Background } from '../background.ts';
import { type Decider, decideSurely, type Observation } from './decider.ts';

const ATTEMPTS = 10;
const PAUSE_MS = 1000;

/** Has a call know what is seen once and told by nobody again. Resolves when it was brought once. Never rejects. */
export type Bring = (seen: Observation) => Promise<void>;

/** While the database takes nothing, what was seen is brought again in the background, the last time when this process leaves. */
export const createBring = (decider: Pick<Decider, 'decide'>, background: Background): Bring => {
  const { stopping } = background;
  const isStored = (seen: Observation): Promise<boolean> =>
    decideSurely(decider, seen).then(
      () => true,
      () => false,
    );
  const bringAgain = async (seen: Observation): Promise<void> => {
    for (let attempt = 2; attempt <= ATTEMPTS; attempt += 1) {
      await delay(PAUSE_MS, undefined, { signal: stopping }).catch(() => undefined);
      const isLast = stopping.aborted;
      if ((await isStored(seen)) || isLast) return;
    }
  };
  return async (seen) => {
    const isLast = stopping.aborted;
    if (!(await isStored(seen)) && !isLast) background.run(bringAgain(seen));
  };
};
