/** Steps in which a doubling is counted: a value is off by less than 1/128. */
const STEPS = 128;
const STEP_BITS = 7;
const MAX_BITS = 36;

/**
 * Counts durations with a bounded relative error, as an HDR histogram does: exact below 128 µs, then 128 steps for each doubling,
 * up to 19 hours. Its size does not grow with what it counts.
 */
export class Histogram {
  readonly #counts = new Float64Array((MAX_BITS - STEP_BITS + 1) * STEPS);
  #count = 0;
  #sum = 0;
  #max = 0;

  /** Negative durations count as 0. */
  record(milliseconds: number): void {
    const microseconds = Math.max(0, Math.min(2 ** MAX_BITS - 1, Math.round(milliseconds * 1000)));
    const index = indexOf(microseconds);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
    this.#sum += milliseconds;
    this.#max = Math.max(this.#max, milliseconds);
  }

  get count(): number {
    return this.#count;
  }

  /** The longest, exactly, in milliseconds. */
  get max(): number {
    return this.#max;
  }

  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /** Milliseconds within which this share (0–1) of all were: the upper edge of the step, never more than the longest. */
  percentile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (const [index, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= wanted) return Math.min(this.#max, upperEdge(index) / 1000);
    }
    return this.#max;
  }
}

const indexOf = (value: number): number => {
  if (value < STEPS) return value;
  const doublings = Math.floor(Math.log2(value)) - STEP_BITS;
  const step = Math.floor(value / 2 ** doublings) - STEPS;
  return (doublings + 1) * STEPS + Math.min(step, STEPS - 1);
};

const upperEdge = (index: number): number => {
  if (index < STEPS) return index;
  const doublings = Math.floor(index / STEPS) - 1;
  return ((index % STEPS) + STEPS + 1) * 2 ** doublings - 1;
};
