import type { ChatId, UserId } from '@trunkline/contract';

const FRESH_MS = 5000;
const MAX_CHATS = 10_000;

/**
 * Who is in which chat, as this gateway learnt it lately: what typing is checked against. A removal that is heard makes
 * it forgotten at once; one that is not heard counts within five seconds.
 */
export class ChatMembers {
  /** What was learnt longest ago comes first. */
  readonly #known = new Map<ChatId, { members: readonly UserId[]; at: number }>();

  /** The members, where they were learnt in the last seconds before `now`, by a monotonic clock. */
  fresh(chatId: ChatId, now: number): readonly UserId[] | null {
    const known = this.#known.get(chatId);
    return known === undefined || now - known.at >= FRESH_MS ? null : known.members;
  }

  learn(chatId: ChatId, members: readonly UserId[], now: number): void {
    this.#known.delete(chatId);
    this.#known.set(chatId, { members, at: now });
    if (this.#known.size <= MAX_CHATS) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  forget(chatId: ChatId): void {
    this.#known.delete(chatId);
  }
}
