const PATIENCE_MS = 20_000;

/** What a client hears, in order, for tests to wait on. */
export class Hearing<Item> {
  readonly #items: Item[] = [];
  readonly #waiting = new Set<() => void>();

  get items(): readonly Item[] {
    return this.#items;
  }

  add(item: Item): void {
    this.#items.push(item);
    for (const look of this.#waiting) look();
  }

  /** Resolves with the first item, heard already or yet to come, that `matches`. @throws when there was none in time, naming `what` */
  first(what: string, matches: (item: Item) => boolean): Promise<Item> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.#items.find(matches);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`never heard ${what}; heard ${JSON.stringify(this.#items)}`));
      }, PATIENCE_MS);
      this.#waiting.add(look);
      look();
    });
  }
}
