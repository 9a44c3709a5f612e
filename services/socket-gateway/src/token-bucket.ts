export interface BucketSize {
  /** How many tokens it holds, and begins with. */
  capacity: number;
  perSecond: number;
}

/** Lets a burst pass, and then an even flow. All times are milliseconds of one monotonic clock. */
export class TokenBucket {
  readonly #size: BucketSize;
  #tokens: number;
  #filledAt = 0;

  constructor(size: BucketSize) {
    this.#size = size;
    this.#tokens = size.capacity;
  }

  /** Takes one token; false: there is none. */
  take(now: number): boolean {
    this.#fill(now);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Takes so many, or all that there are. */
  drain(tokens: number, now: number): void {
    this.#fill(now);
    this.#tokens = Math.max(0, this.#tokens - tokens);
  }

  isFull(now: number): boolean {
    this.#fill(now);
    return this.#tokens === this.#size.capacity;
  }

  #fill(now: number): void {
    const { capacity, perSecond } = this.#size;
    this.#tokens = Math.min(capacity, this.#tokens + ((now - this.#filledAt) / 1000) * perSecond);
    this.#filledAt = now;
  }
}
