import { setTimeout as delay } from 'node:timers/promises';
import type { Background } from '../background.ts';
import { type Decider, decideSurely } from './decider.ts';

const ATTEMPTS = 10;
const PAUSE_MS = 1000;

/**
 * Has the call know that Redis found nobody to hear its ring. Redis says so once: while the database takes nothing, it is
 * brought again, the last time when this process leaves.
 */
export const reportNobodyHeard = async (
  decider: Pick<Decider, 'decide'>,
  { stopping }: Pick<Background, 'stopping'>,
  call: { callId: string; calleeId: string },
): Promise<void> => {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const isLast = stopping.aborted;
    const isStored = await decideSurely(decider, { kind: 'nobody_heard', ...call }).then(
      () => true,
      () => false,
    );
    if (isStored || isLast) return;
    await delay(PAUSE_MS, undefined, { signal: stopping }).catch(() => undefined);
  }
};
