import { gatherTurn, type RedisConnection } from './redis-connection.ts';

/** How soon Redis is asked again for what it refused, in milliseconds. */
const TRY_AGAIN_MS = 1000;

export interface HeldChannelsOptions {
  /** Made for `subscribe`. */
  redis: RedisConnection;
  /** Hears of the first refusal of each channel, and of one in each round of further tries. */
  onError(error: Error): void;
  /** Channels that had been refused are in force: what was published there before is missing. */
  onLate?(): void;
}

/** A channel that is held. */
export interface Holding {
  /** Resolves when the channel is in force, or is left. Another promise once it is in force no more. */
  readonly inForce: Promise<void>;
}

interface Held extends Holding {
  readonly channel: string;
  inForce: Promise<void>;
  /** Null: it is in force, as far as is known. */
  resolve: (() => void) | null;
}

type Outcome = 'taken' | 'left' | Error;

/**
 * The sharded channels that one connection is to hear. Redis may refuse some, for want of a permission or because their slot moves:
 * those are not in force, and are asked for again every second until Redis takes them. The same holds for a new connection.
 */
export class HeldChannels implements Disposable {
  readonly #options: HeldChannelsOptions;
  readonly #held = new Map<string, Held>();
  readonly #refused = new Set<Held>();
  #tryingAgain: NodeJS.Timeout | null = null;
  #isOver = false;

  constructor(options: HeldChannelsOptions) {
    const { redis } = options;
    this.#options = options;
    // The client of a cluster asks by itself, on each of its connections.
    if (redis.isCluster) return;
    // So does that of one Redis, but there a refusal would be an unhandled rejection, which ends the process.
    redis.options.autoResubscribe = false;
    redis.on('ready', () => this.#askForAll());
  }

  /** Begins to hear a channel, if it is not held yet. */
  hold(channel: string): Holding {
    const known = this.#held.get(channel);
    if (known !== undefined) return known;
    const { promise: inForce, resolve } = Promise.withResolvers<void>();
    const held: Held = { channel, inForce, resolve };
    this.#held.set(channel, held);
    void this.#askFirst(held);
    return held;
  }

  leave(channel: string): void {
    const held = this.#held.get(channel);
    if (held === undefined) return;
    this.#held.delete(channel);
    this.#refused.delete(held);
    held.resolve?.();
    this.#unsubscribe(channel);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    if (this.#tryingAgain !== null) clearTimeout(this.#tryingAgain);
  }

  async #askFirst(held: Held): Promise<void> {
    const outcome = await this.#ask(held);
    if (outcome instanceof Error) this.#options.onError(outcome);
  }

  async #ask(held: Held): Promise<Outcome> {
    const { redis } = this.#options;
    gatherTurn(redis);
    try {
      await redis.ssubscribe(held.channel);
    } catch (error) {
      return this.#isWanted(held) ? this.#refuse(held, error as Error) : 'left';
    }
    held.resolve?.();
    held.resolve = null;
    return this.#isWanted(held) ? 'taken' : 'left';
  }

  #isWanted(held: Held): boolean {
    return !this.#isOver && this.#held.get(held.channel) === held;
  }

  #refuse(held: Held, error: Error): Error {
    if (held.resolve === null) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.inForce = promise;
      held.resolve = resolve;
    }
    this.#refused.add(held);
    this.#tryingAgain ??= setTimeout(() => void this.#askAgain(), TRY_AGAIN_MS);
    return error;
  }

  async #askAgain(): Promise<void> {
    const { redis, onError, onLate } = this.#options;
    const refused = [...this.#refused];
    this.#tryingAgain = null;
    this.#refused.clear();
    // The client of a cluster notes a channel once more whenever it is asked for.
    if (redis.isCluster) for (const { channel } of refused) this.#unsubscribe(channel);
    const outcomes = await Promise.all(refused.map((held) => this.#ask(held)));
    const error = outcomes.find((outcome) => outcome instanceof Error);
    if (error !== undefined) onError(error);
    if (outcomes.includes('taken')) onLate?.();
  }

  /**
   * All that were in force; the client sends again what was not answered. The first held comes last: Redis answers in order, so who
   * hears that one hears all.
   */
  #askForAll(): void {
    for (const held of [...this.#held.values()].reverse()) if (held.resolve === null) void this.#askFirst(held);
  }

  #unsubscribe(channel: string): void {
    const { redis, onError } = this.#options;
    gatherTurn(redis);
    redis.sunsubscribe(channel).catch((error: Error) => void (this.#isOver || onError(error)));
  }
}
