import { TokenBucket } from './token-bucket.ts';

/** `busy`: let it through, and have it noticed. `over`: refuse it. `flooding`: close the connection. */
export type LimitVerdict = 'within' | 'busy' | 'over' | 'flooding';

/** The limits that a frame went past, by their names in metrics. */
export const PAST_LIMIT = { busy: 'soft', over: 'hard', flooding: 'flood' } as const satisfies Record<
  Exclude<LimitVerdict, 'within'>,
  string
>;

/** How many times the limit is a flood. */
export const FLOOD_FACTOR = 10;
const SOFT_SHARE = 0.1;
const WINDOW_MS = 1000;

/** A token bucket of one second's worth of commands. A tenth of the limit within a second is busy, ten times the limit a flood. */
export class CommandLimit {
  readonly #perSecond: number;
  readonly #bucket: TokenBucket;
  #windowAt = 0;
  #inWindow = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#bucket = new TokenBucket({ capacity: perSecond, perSecond });
  }

  /** Counts one command at `now`, milliseconds of a monotonic clock. */
  take(now: number): LimitVerdict {
    if (now - this.#windowAt >= WINDOW_MS) {
      this.#windowAt = now;
      this.#inWindow = 0;
    }
    this.#inWindow += 1;
    if (this.#inWindow > this.#perSecond * FLOOD_FACTOR) return 'flooding';
    if (!this.#bucket.take(now)) return 'over';
    return this.#inWindow > Math.max(1, this.#perSecond * SOFT_SHARE) ? 'busy' : 'within';
  }
}
