import { setTimeout as delay } from 'node:timers/promises';
import type { CloseReason } from '@trunkline/contract';

/** Those who are to be sent away. */
export interface Guests {
  /** Those who have not been sent away yet. */
  staying(): { readonly length: number };
  /** Sends away those who came first. */
  sendOldestAway(count: number, reason: CloseReason): void;
}

export interface DrainOptions {
  guests: Guests;
  /** In all; 0: whoever is left is sent away at once, by whoever asked. */
  drainMs: number;
  sliceMs?: number;
  /** Called when those who balance the load have had time to see that we are not ready. */
  stopTaking(): void;
}

const NOTICE_PART = 0.25;
const SLICE_MS = 250;

/** Sends everybody away a few at a time: who is sent away comes back elsewhere, and all at once would be a storm there. */
export const drain = async ({ guests, drainMs, sliceMs = SLICE_MS, stopTaking }: DrainOptions): Promise<void> => {
  const noticeMs = drainMs * NOTICE_PART;
  if (drainMs > 0) await delay(noticeMs);
  stopTaking();
  for (let slices = Math.ceil((drainMs - noticeMs) / sliceMs); slices > 0 && guests.staying().length > 0; slices -= 1) {
    guests.sendOldestAway(Math.ceil(guests.staying().length / slices), 'going_away');
    await delay(sliceMs);
  }
};
