import type { UserId } from '@trunkline/contract';

const WINDOW_MS = 60_000;

/** Lets a user connect to this gateway only so often a minute: each session costs a subscription and a look into the database. */
export class ConnectLimit {
  readonly #perMinute: number;
  #windowAt = 0;
  #connects = new Map<UserId, number>();

  /** 0: no limit. */
  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Counts one at `now`, milliseconds of a monotonic clock; false: once too often. */
  take(userId: UserId, now: number): boolean {
    if (now - this.#windowAt >= WINDOW_MS) {
      this.#windowAt = now;
      this.#connects = new Map();
    }
    const count = (this.#connects.get(userId) ?? 0) + 1;
    this.#connects.set(userId, count);
    return this.#perMinute === 0 || count <= this.#perMinute;
  }
}
