import type { UserId } from '@trunkline/contract';

const MINUTE_MS = 60_000;
/** Of the connects of a minute, those that may come at once: as many as a user may have connections. The rest come evenly. */
const AT_ONCE = 1 / 3;
/** Who was closed so often for abuse, all at once, stays out until time has passed. */
const ABUSES_AT_ONCE = 3;

interface Bucket {
  connects: number;
  filledAt: number;
}

/** Lets a user connect to this gateway only so often a minute: each session costs a subscription and a look into the database. */
export class ConnectLimit {
  readonly #perMinute: number;
  readonly #capacity: number;
  readonly #perMillisecond: number;
  readonly #buckets = new Map<UserId, Bucket>();
  #forgottenAt = 0;

  /** 0: no limit. */
  constructor(perMinute: number) {
    this.#perMinute = perMinute;
    this.#capacity = Math.max(1, perMinute * AT_ONCE);
    this.#perMillisecond = (perMinute - this.#capacity) / MINUTE_MS;
  }

  /** Counts one at `now`, milliseconds of a monotonic clock; false: once too often. */
  take(userId: UserId, now: number): boolean {
    if (this.#perMinute === 0) return true;
    const bucket = this.#filled(userId, now);
    if (bucket.connects < 1) return false;
    bucket.connects -= 1;
    return true;
  }

  /** Counts that one was closed for abuse, with a code that says to stay away. */
  charge(userId: UserId, now: number): void {
    if (this.#perMinute === 0) return;
    const bucket = this.#filled(userId, now);
    bucket.connects = Math.max(0, bucket.connects - this.#capacity / ABUSES_AT_ONCE);
  }

  #filled(userId: UserId, now: number): Bucket {
    if (now - this.#forgottenAt >= MINUTE_MS) this.#forgetFull(now);
    const bucket = this.#buckets.get(userId) ?? { connects: this.#capacity, filledAt: now };
    bucket.connects = this.#connectsAt(bucket, now);
    bucket.filledAt = now;
    this.#buckets.set(userId, bucket);
    return bucket;
  }

  #connectsAt({ connects, filledAt }: Bucket, now: number): number {
    return Math.min(this.#capacity, connects + (now - filledAt) * this.#perMillisecond);
  }

  #forgetFull(now: number): void {
    this.#forgottenAt = now;
    for (const [userId, bucket] of this.#buckets) if (this.#connectsAt(bucket, now) === this.#capacity) this.#buckets.delete(userId);
  }
}
