import type { ChatId } from '@trunkline/contract';

/** `next`: tell it. `seen`: it was told. `gap`: an earlier one is missing. */
export type OrderVerdict = 'next' | 'seen' | 'gap';

const MAX_CHATS = 256;

/** How far one session was told of each chat, by the sequence that has no gaps. */
export class MessageOrder {
  /** The chat that was told of longest ago comes first. */
  readonly #told = new Map<ChatId, number>();

  /** A chat that nothing was told of begins with whatever comes. */
  judge(chatId: ChatId, seq: number): OrderVerdict {
    const told = this.#told.get(chatId);
    if (told === undefined || seq === told + 1) return 'next';
    return seq <= told ? 'seen' : 'gap';
  }

  /** The last message that was told; null: none of this chat. */
  lastTold(chatId: ChatId): number | null {
    return this.#told.get(chatId) ?? null;
  }

  /** Everything up to `seq` was told. */
  note(chatId: ChatId, seq: number): void {
    const told = Math.max(seq, this.#told.get(chatId) ?? 0);
    this.#told.delete(chatId);
    this.#told.set(chatId, told);
    if (this.#told.size <= MAX_CHATS) return;
    const [oldest] = this.#told.keys();
    if (oldest !== undefined) this.#told.delete(oldest);
  }

  forget(chatId: ChatId): void {
    this.#told.delete(chatId);
  }

  chats(): ChatId[] {
    return [...this.#told.keys()];
  }
}
