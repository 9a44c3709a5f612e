export interface RateLimit {
  /** Milliseconds until one more may be sent, whose place is thereby taken; null, and no place taken, when that is past `patienceMs`. */
  reserve(patienceMs: number): number | null;
}

const UNLIMITED: RateLimit = { reserve: () => 0 };

/** Spreads what is sent evenly, with a second's worth at once at the most; 0 does not limit. */
export const createRateLimit = (perSecond: number, now: () => number): RateLimit => {
  if (perSecond === 0) return UNLIMITED;
  const interval = 1000 / perSecond;
  let nextAt = Number.NEGATIVE_INFINITY;
  return {
    reserve: (patienceMs) => {
      const from = Math.max(nextAt, now() - 1000 + interval);
      const wait = Math.max(0, from - now());
      if (wait > patienceMs) return null;
      nextAt = from + interval;
      return wait;
    },
  };
};
