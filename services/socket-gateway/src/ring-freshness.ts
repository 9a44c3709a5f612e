import type { ServerEvent } from '@trunkline/contract';

/** `live`: from the bus, which may have delayed it. `snapshot`: just asked for. */
export type EventSource = 'live' | 'snapshot';

/** `over`: it must not ring any more. `stale`: only a new snapshot can tell. */
export type RingVerdict = 'rings' | 'over' | 'stale';

const STALE_AFTER_MS = 2000;

/** Whether a ring may still be shown at `databaseNow` (invariant 4). */
export const judgeRing = (event: ServerEvent, source: EventSource, databaseNow: number | null): RingVerdict => {
  // Without a clock nobody knows how long the bus kept it.
  if (databaseNow === null && source === 'live') return 'stale';
  const ageMs = databaseNow === null ? 0 : Math.max(0, databaseNow - event.at);
  if (ageMs >= event.ringMsLeft) return 'over';
  return source === 'live' && ageMs > STALE_AFTER_MS ? 'stale' : 'rings';
};
