const WINDOW_MS = 1000;

/** Counts the frames that one connection sends, also those that its library answers by itself. */
export class FloodWatch {
  readonly #perSecond: number;
  /** In whole milliseconds, which V8 keeps in place. */
  #windowAt = Math.trunc(performance.now());
  #inWindow = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Counts one; whether there are too many. */
  count(): boolean {
    this.#inWindow += 1;
    if (this.#inWindow <= this.#perSecond) return false;
    const now = Math.trunc(performance.now());
    if (now - this.#windowAt < WINDOW_MS) return true;
    this.#windowAt = now;
    this.#inWindow = 1;
    return false;
  }
}
