const MOST_LINES = 100;
const WITHIN_MS = 60_000;
/** Texts that are told apart at once; they are words of ours, so there are fewer. */
const MOST_TEXTS = 1000;

interface Window {
  readonly since: number;
  lines: number;
  leftOut: number;
}

/** Bounds how often the log says the same: where a store is away, each request of thousands a second fails, with its stack. */
export class RepeatedLines {
  readonly #windows = new Map<string, Window>();

  /** How many lines of this text were left out before this one, which is to be written; null: this one is left out too. `now`: milliseconds. */
  admit(text: string, now: number): number | null {
    const window = this.#windows.get(text);
    if (window === undefined || now - window.since >= WITHIN_MS) {
      if (this.#windows.size >= MOST_TEXTS) this.#windows.clear();
      this.#windows.set(text, { since: now, lines: 1, leftOut: 0 });
      return window?.leftOut ?? 0;
    }
    window.lines += 1;
    if (window.lines <= MOST_LINES) return 0;
    window.leftOut += 1;
    return null;
  }
}
