import type { ServerEvent } from '@trunkline/contract';

/** `live`: from the bus, which may have delayed it. `snapshot`: asked for, and `at` is when it was read. */
export type EventSource = 'live' | 'snapshot';

/** `over`: it must not ring any more. `stale`: only a new snapshot can tell. */
export type RingVerdict = 'rings' | 'over' | 'stale';

const STALE_AFTER_MS = 2000;

/** What is known when a ring arrives, by the database's clock; null: nothing is. */
export interface KnownTimes {
  readonly databaseNow: number | null;
  /** When the session's last snapshot came: of what was decided before, it told all that was committed. */
  readonly snapshotAt: number | null;
}

/** Whether a ring may still be shown (invariant 4). */
export const judgeRing = (event: ServerEvent, source: EventSource, { databaseNow, snapshotAt }: KnownTimes): RingVerdict => {
  // Without a clock nobody knows how long the bus kept it.
  if (databaseNow === null && source === 'live') return 'stale';
  // It was under way while the snapshot was taken: the call may have been over by then, or not committed yet.
  if (source === 'live' && snapshotAt !== null && event.at <= snapshotAt) return 'stale';
  const ageMs = databaseNow === null ? 0 : Math.max(0, databaseNow - event.at);
  if (ageMs >= event.ringMsLeft) return 'over';
  return ageMs > STALE_AFTER_MS ? 'stale' : 'rings';
};
