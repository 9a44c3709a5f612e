import type { UserId } from '@trunkline/contract';
import { TokenBucket } from './token-bucket.ts';

const MINUTE_MS = 60_000;
/** Of the connects of a minute, those that may come at once: several times as many as a user may have connections. The rest come evenly. */
const AT_ONCE = 1 / 3;
/** Who was closed so often for abuse, all at once, stays out until time has passed. */
const ABUSES_AT_ONCE = 3;

/** Lets a user connect to this gateway only so often a minute: each session costs a subscription and a look into the database. */
export class ConnectLimit {
  readonly #perMinute: number;
  readonly #capacity: number;
  readonly #buckets = new Map<UserId, TokenBucket>();
  #forgottenAt = 0;

  /** 0: no limit. */
  constructor(perMinute: number) {
    this.#perMinute = perMinute;
    this.#capacity = Math.max(1, perMinute * AT_ONCE);
  }

  /** Counts one at `now`, milliseconds of a monotonic clock; false: once too often. */
  take(userId: UserId, now: number): boolean {
    return this.#perMinute === 0 || this.#bucketOf(userId, now).take(now);
  }

  /** Counts that one was closed for abuse, with a code that says to stay away. */
  charge(userId: UserId, now: number): void {
    if (this.#perMinute > 0) this.#bucketOf(userId, now).drain(this.#capacity / ABUSES_AT_ONCE, now);
  }

  #bucketOf(userId: UserId, now: number): TokenBucket {
    if (now - this.#forgottenAt >= MINUTE_MS) this.#forgetFull(now);
    const known = this.#buckets.get(userId);
    if (known !== undefined) return known;
    const bucket = new TokenBucket({ capacity: this.#capacity, perSecond: (this.#perMinute * (1 - AT_ONCE)) / 60 });
    this.#buckets.set(userId, bucket);
    return bucket;
  }

  #forgetFull(now: number): void {
    this.#forgottenAt = now;
    for (const [userId, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(userId);
  }
}
