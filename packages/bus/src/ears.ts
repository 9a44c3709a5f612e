/** So many channels that in a cluster every node has some of them, whatever slots it holds. */
const EARS_IN_A_CLUSTER = 64;

/** The channels on which a subscriber talks to itself, and when it last heard itself on each. */
export class Ears {
  readonly #heardAt: Map<string, number>;

  constructor(channel: string, { isCluster }: { isCluster: boolean }) {
    const names = Array.from({ length: isCluster ? EARS_IN_A_CLUSTER : 1 }, (_, index) => (index === 0 ? channel : `${channel}:${index}`));
    this.#heardAt = new Map(names.map((name) => [name, performance.now()]));
  }

  get channels(): string[] {
    return [...this.#heardAt.keys()];
  }

  /** Whether the channel is one of these. */
  hear(channel: string): boolean {
    if (!this.#heardAt.has(channel)) return false;
    this.#heardAt.set(channel, performance.now());
    return true;
  }

  /** When the one was heard that has been silent for longest, by `performance.now()`. */
  deafSince(): number {
    return Math.min(...this.#heardAt.values());
  }

  /** Begins to count anew. */
  forgive(): void {
    for (const channel of this.#heardAt.keys()) this.#heardAt.set(channel, performance.now());
  }
}
