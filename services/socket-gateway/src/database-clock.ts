/** One reading of the database's clock; the other two are of our own monotonic clock, around the request. */
export interface ClockReading {
  /** Epoch milliseconds by the database's clock. */
  databaseNow: number;
  sentAt: number;
  receivedAt: number;
}

/** How far our monotonic clock may drift from the database's, per millisecond. */
const DRIFT = 0.0005;

/**
 * The database's clock, as far as we know it. It counts from the best reading by a monotonic clock, so that a wrong
 * or stepped clock of this host changes nothing (invariant 5).
 */
export class DatabaseClock {
  readonly #monotonicNow: () => number;
  #best: { databaseNow: number; at: number; error: number } | null = null;

  constructor(monotonicNow: () => number = () => performance.now()) {
    this.#monotonicNow = monotonicNow;
  }

  /** Takes the middle of the round trip for the moment of the reading. */
  learn({ databaseNow, sentAt, receivedAt }: ClockReading): void {
    const reading = { databaseNow, at: (sentAt + receivedAt) / 2, error: (receivedAt - sentAt) / 2 };
    const known = this.#best;
    if (known === null) {
      this.#best = reading;
      return;
    }
    const elapsed = reading.at - known.at;
    const knownError = known.error + elapsed * DRIFT;
    const difference = Math.abs(known.databaseNow + elapsed - databaseNow);
    // Beyond what both errors explain, one of the clocks was stepped or stood still: only the new reading counts.
    if (reading.error <= knownError || difference > reading.error + knownError) this.#best = reading;
  }

  /** Epoch milliseconds by the database's clock; null while it was never read. */
  now(): number | null {
    return this.#best === null ? null : this.#best.databaseNow + (this.#monotonicNow() - this.#best.at);
  }
}
