const WINDOW_MS = 1000;

/** Counts all frames that one connection sends, also those that its library answers by itself, and tells once when they are too many. */
export class FloodWatch {
  readonly #perSecond: number;
  readonly #onFlood: () => void;
  #windowAt = performance.now();
  #inWindow = 0;
  #isTold = false;

  constructor(perSecond: number, onFlood: () => void) {
    this.#perSecond = perSecond;
    this.#onFlood = onFlood;
  }

  readonly count = (): void => {
    this.#inWindow += 1;
    if (this.#inWindow <= this.#perSecond || this.#isTold) return;
    const now = performance.now();
    if (now - this.#windowAt < WINDOW_MS) {
      this.#isTold = true;
      this.#onFlood();
    } else {
      this.#windowAt = now;
      this.#inWindow = 1;
    }
  };
}
