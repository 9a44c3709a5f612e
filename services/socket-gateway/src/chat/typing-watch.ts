import { TYPING_MS } from './typing.ts';

export interface SeenTyping {
  readonly chatId: string;
  readonly userId: string;
}

const keyOf = ({ chatId, userId }: SeenTyping): string => `${chatId} ${userId}`;

/**
 * Ends what one session sees of others' typing when they fall silent. It is watched where it is seen, because the
 * gateway of who types may have died.
 */
export class TypingWatch implements Disposable {
  readonly #onSilent: (seen: SeenTyping) => void;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(onSilent: (seen: SeenTyping) => void) {
    this.#onSilent = onSilent;
  }

  see(seen: SeenTyping, isTyping: boolean): void {
    const key = keyOf(seen);
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    if (!isTyping) return;
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.#onSilent(seen);
    }, TYPING_MS);
    this.#timers.set(key, timer);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
