/** Within how long this share of every leg must be. */
export interface Limit {
  p99Ms: number;
}

/** Ends a run only where the system falls behind. */
export const ONLY_BEHIND: Limit = { p99Ms: Number.POSITIVE_INFINITY };

/** Arrivals that wait for this long show a system that falls behind, whatever its legs say so far. */
const BEHIND_MS = 1000;

/** Knows as early as it can be known that a leg's p99 will be too long: when one in a hundred of all that are planned was. */
export class LateCount {
  readonly #limit: Limit | undefined;
  readonly #most: number;
  readonly #late = new Map<string, number>();
  #isHopeless = false;

  constructor(limit: Limit | undefined, planned: number) {
    this.#limit = limit;
    this.#most = planned / 100;
  }

  count(leg: string, tookMs: number): void {
    if (this.#limit === undefined || tookMs <= this.#limit.p99Ms) return;
    const late = (this.#late.get(leg) ?? 0) + 1;
    this.#late.set(leg, late);
    if (late > this.#most + 1) this.#isHopeless = true;
  }

  isHopeless(oldestWaitingAt: number | undefined): boolean {
    if (this.#limit === undefined) return false;
    if (oldestWaitingAt !== undefined && performance.now() - oldestWaitingAt > BEHIND_MS) this.#isHopeless = true;
    return this.#isHopeless;
  }
}
