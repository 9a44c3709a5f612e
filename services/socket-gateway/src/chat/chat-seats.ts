import type { ChatId, UserId } from '@trunkline/contract';
import { type ChatHint, otsy } from '../dialects/otsy.ts';
import type { RoomSocket } from '../transports/room-socket.ts';
import { seatOf } from './seat.ts';
import { TypingSaid } from './typing.ts';

/** How many chats one session may have joined at once; each is a subscription. */
const MAX_SEATS = 200;

export interface ChatSeatsOptions {
  readonly userId: UserId;
  readonly socket: Pick<RoomSocket, 'enter' | 'leave' | 'tell'>;
  /** Epoch milliseconds. */
  now(): number;
}

/** The chats that one session joined, and what it lets the others in them see. All of it is lost with its gateway. */
export class ChatSeats {
  readonly #options: ChatSeatsOptions;
  /** With the members of the chat as they were known last. */
  readonly #taken = new Map<ChatId, readonly UserId[]>();
  readonly #typing = new TypingSaid();

  constructor(options: ChatSeatsOptions) {
    this.#options = options;
  }

  has(chatId: ChatId): boolean {
    return this.#taken.has(chatId);
  }

  /** False: it has joined as many as it may. */
  hasRoomFor(chatId: ChatId): boolean {
    return this.has(chatId) || this.#taken.size < MAX_SEATS;
  }

  /** Resolves with whether it was not there before, when it hears what others tell. */
  async take(chatId: ChatId, members: readonly UserId[]): Promise<boolean> {
    const { socket, userId } = this.#options;
    const isNew = !this.#taken.has(chatId);
    this.#taken.set(chatId, members);
    if (isNew) await socket.enter(seatOf(chatId, userId));
    return isNew;
  }

  tellJoined(chatId: ChatId): void {
    const { userId, now } = this.#options;
    this.#tellOthers(chatId, { type: 'joined', chatId, userId, at: now() });
  }

  /** Leaves, and lets the others know. */
  leave(chatId: ChatId): void {
    const { userId, now } = this.#options;
    if (!this.#taken.has(chatId)) return;
    this.type(chatId, false, this.#taken.get(chatId) ?? []);
    this.#tellOthers(chatId, { type: 'left', chatId, userId, at: now() });
    this.giveUp(chatId);
  }

  /** Leaves without a word. */
  giveUp(chatId: ChatId): void {
    const { socket, userId } = this.#options;
    this.#typing.forget(chatId);
    if (this.#taken.delete(chatId)) socket.leave(seatOf(chatId, userId));
  }

  leaveAll(): void {
    for (const chatId of [...this.#taken.keys()]) this.leave(chatId);
  }

  /** Lets those members know that it types or not, as far as that is news. */
  type(chatId: ChatId, isTyping: boolean, members: readonly UserId[]): void {
    const { userId } = this.#options;
    if (this.#taken.has(chatId)) this.#taken.set(chatId, members);
    if (this.#typing.tells(chatId, isTyping, performance.now())) this.#tell(chatId, members, { type: 'typing', chatId, userId, isTyping });
  }

  #tellOthers(chatId: ChatId, hint: ChatHint): void {
    this.#tell(chatId, this.#taken.get(chatId) ?? [], hint);
  }

  #tell(chatId: ChatId, members: readonly UserId[], hint: ChatHint): void {
    const { socket, userId } = this.#options;
    for (const member of members) {
      if (member !== userId) socket.tell(seatOf(chatId, member), otsy.encode(hint, member));
    }
  }
}
