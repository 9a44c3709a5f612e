import type { ChatId } from '@trunkline/contract';
import { TokenBucket } from '../token-bucket.ts';

/** How long somebody counts as typing who does not say so again. */
export const TYPING_MS = 6000;
const START_EVERY_MS = 2000;
/** Who stops and starts again is told so at once, a few times. */
const STARTS_AT_ONCE = 3;

interface Said {
  toldAt: number;
  isTyping: boolean;
  readonly starts: TokenBucket;
}

/** What one session said of its typing: which of it is worth telling the others. Times by a monotonic clock, in milliseconds. */
export class TypingSaid {
  /** When a start was told last, and whether a stop has not been told since. */
  readonly #chats = new Map<ChatId, Said>();

  /** Whether to tell it: a start that says something new or was told two seconds ago, and a stop after a start that still counts. */
  tells(chatId: ChatId, isTyping: boolean, now: number): boolean {
    return isTyping ? this.#tellsStart(chatId, now) : this.#tellsStop(chatId, now);
  }

  forget(chatId: ChatId): void {
    this.#chats.delete(chatId);
  }

  #tellsStart(chatId: ChatId, now: number): boolean {
    const before = this.#chats.get(chatId);
    if (before?.isTyping === true && now - before.toldAt < START_EVERY_MS) return false;
    const starts = before?.starts ?? new TokenBucket({ capacity: STARTS_AT_ONCE, perSecond: 1000 / START_EVERY_MS });
    if (!starts.take(now)) return false;
    this.#forgetOver(now);
    this.#chats.set(chatId, { toldAt: now, isTyping: true, starts });
    return true;
  }

  #tellsStop(chatId: ChatId, now: number): boolean {
    const said = this.#chats.get(chatId);
    if (said?.isTyping !== true) return false;
    said.isTyping = false;
    return now - said.toldAt < TYPING_MS;
  }

  /** What is over is kept no longer than it matters, so the map holds only what was told in the last seconds. */
  #forgetOver(now: number): void {
    for (const [chatId, { toldAt }] of this.#chats) if (now - toldAt >= TYPING_MS) this.#chats.delete(chatId);
  }
}
