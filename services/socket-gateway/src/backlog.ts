/** The most text that may wait, in UTF-16 units: eight of the longest signals, and hundreds of usual messages. */
const MOST_TEXT = 131_072;

/**
 * What one connection asked for and is not begun yet. It is bounded in number and in text: while the database takes its
 * time, what waits is the gateway's memory.
 */
export class Backlog<Item> {
  readonly #most: number;
  #waiting: { readonly item: Item; readonly text: number }[] = [];
  #text = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Adds one with that much text; false: there is no room, and it is not added. One alone always has room. */
  add(item: Item, text: number): boolean {
    const hasRoom = this.isEmpty || (this.#waiting.length < this.#most && this.#text + text <= MOST_TEXT);
    if (!hasRoom) return false;
    this.#waiting.push({ item, text });
    this.#text += text;
    return true;
  }

  /** Takes the oldest out. */
  next(): Item | undefined {
    const oldest = this.#waiting.shift();
    this.#text -= oldest?.text ?? 0;
    return oldest?.item;
  }

  /** Takes all out. */
  clear(): Item[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#text = 0;
    return waiting.map(({ item }) => item);
  }
}
