import type { Subscription } from '@trunkline/bus';
import { settledWithin } from './settled-within.ts';

/**
 * Resolves when the subscription is in force, or after `milliseconds`, whichever comes first. Where it comes later, `onLate` is called
 * then: what was published meanwhile is missing.
 */
export const heardWithin = async ({ inForce }: Subscription, milliseconds: number, onLate: () => void): Promise<void> => {
  let isWaiting = true;
  const heard = inForce.then(() => {
    if (!isWaiting) onLate();
  });
  await settledWithin(heard, milliseconds);
  isWaiting = false;
};
