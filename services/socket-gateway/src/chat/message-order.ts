import type { ChatId } from '@trunkline/contract';

/** `next`: tell it. `seen`: it was told. `gap`: an earlier one is missing. */
export type OrderVerdict = 'next' | 'seen' | 'gap';

const MAX_CHATS = 256;

interface Told {
  readonly seq: number;
  /** When the last message that was told was sent, in epoch milliseconds; 0: none was. */
  readonly at: number;
}

/** How far one session was told of each chat, by the sequence that has no gaps. */
export class MessageOrder {
  /** The chat that was told of longest ago comes first. */
  readonly #told = new Map<ChatId, Told>();
  #forgottenUntil = 0;

  /** When the last message was sent that was told of a chat which too many others came after; 0: there is no such chat. */
  get forgottenUntil(): number {
    return this.#forgottenUntil;
  }

  /** A chat that nothing was told of begins with whatever comes. */
  judge(chatId: ChatId, seq: number): OrderVerdict {
    const told = this.lastTold(chatId);
    if (told === null || seq === told + 1) return 'next';
    return seq <= told ? 'seen' : 'gap';
  }

  /** The last message that was told; null: none of this chat. */
  lastTold(chatId: ChatId): number | null {
    return this.#told.get(chatId)?.seq ?? null;
  }

  /** Everything up to `seq`, which was sent `at`, was told. */
  note(chatId: ChatId, seq: number, at: number): void {
    const told = this.#told.get(chatId) ?? { seq: 0, at: 0 };
    this.#told.delete(chatId);
    this.#told.set(chatId, { seq: Math.max(seq, told.seq), at: Math.max(at, told.at) });
    if (this.#told.size > MAX_CHATS) this.#forgetOldest();
  }

  /** A chat that nothing was told of begins behind `seq`. */
  begin(chatId: ChatId, seq: number): void {
    this.note(chatId, this.lastTold(chatId) ?? seq, 0);
  }

  forget(chatId: ChatId): void {
    this.#told.delete(chatId);
  }

  chats(): ChatId[] {
    return [...this.#told.keys()];
  }

  #forgetOldest(): void {
    const [oldest] = this.#told;
    if (oldest === undefined) return;
    const [chatId, { at }] = oldest;
    this.#told.delete(chatId);
    this.#forgottenUntil = Math.max(this.#forgottenUntil, at);
  }
}
