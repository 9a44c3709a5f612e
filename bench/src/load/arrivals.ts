export interface Schedule {
  perSecond: number;
  /** Milliseconds from the first arrival to the end. */
  durationMs: number;
  /** Called once for each arrival with the time it was due, by `performance.now()`, never before that. */
  onArrival(dueAt: number): void;
  /** Asked now and then: true ends the schedule early. */
  isHopeless?(): boolean;
}

/**
 * Open-loop arrivals: due at even distances whatever the system does, so that a slow answer delays nobody's question, and a late
 * one is counted from when it was due (no coordinated omission). Resolves when all were due, with how many there were.
 */
export const runArrivals = ({ perSecond, durationMs, onArrival, isHopeless }: Schedule): Promise<number> => {
  const startedAt = performance.now();
  const total = Math.round((perSecond * durationMs) / 1000);
  const gapMs = 1000 / perSecond;
  let sent = 0;
  return new Promise((resolve) => {
    const tick = (): void => {
      const due = Math.min(total, Math.floor((performance.now() - startedAt) / gapMs) + 1);
      while (sent < due) {
        onArrival(startedAt + sent * gapMs);
        sent += 1;
      }
      if (sent === total || isHopeless?.() === true) resolve(sent);
      else setTimeout(tick, Math.min(gapMs, 1));
    };
    tick();
  });
};
