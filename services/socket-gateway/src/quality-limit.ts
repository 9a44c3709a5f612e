import type { CallId } from '@trunkline/contract';

const PAUSE_MS = 5000;
const MAX_CALLS = 16;

/** Lets one report of a bad line pass every five seconds and call; clients report several times a second. */
export class QualityLimit {
  /** When the last one passed, the oldest first. */
  readonly #passedAt = new Map<CallId, number>();

  /** Whether a report passes at `now`, milliseconds of a monotonic clock. */
  passes(callId: CallId, now: number): boolean {
    const passedAt = this.#passedAt.get(callId);
    if (passedAt !== undefined && now - passedAt < PAUSE_MS) return false;
    this.#passedAt.delete(callId);
    this.#passedAt.set(callId, now);
    this.#forgetOldest();
    return true;
  }

  /** The last report about this call was refused: it does not count. */
  forget(callId: CallId): void {
    this.#passedAt.delete(callId);
  }

  #forgetOldest(): void {
    if (this.#passedAt.size <= MAX_CALLS) return;
    const [oldest] = this.#passedAt.keys();
    if (oldest !== undefined) this.#passedAt.delete(oldest);
  }
}
