const BURST = 100;
const PER_SECOND = 20;

/** Signals that one connection may send: a device that connects its media sends some tens at once, and then hardly any. */
export class SignalLimit {
  #tokens = BURST;
  #filledAt = 0;

  /** Whether one more passes at `now`, milliseconds of a monotonic clock. */
  passes(now: number): boolean {
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#filledAt) / 1000) * PER_SECOND);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
