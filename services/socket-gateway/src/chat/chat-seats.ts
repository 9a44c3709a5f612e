import type { ChatId, UserId } from '@trunkline/contract';
import { type ChatHint, otsy } from '../dialects/otsy.ts';
import type { RoomSocket } from '../transports/room-socket.ts';
import { seatOf } from './seat.ts';
import { TypingSaid } from './typing.ts';

/** How many chats one session may have joined at once; each is a subscription. */
const MAX_SEATS = 200;

/** Somebody joined a chat, as the others there are told. */
export interface SeenJoining {
  readonly chatId: ChatId;
  readonly userId: UserId;
}

export interface ChatSeatsOptions {
  readonly userId: UserId;
  readonly socket: Pick<RoomSocket, 'enter' | 'leave' | 'tell'>;
  /** Epoch milliseconds. */
  now(): number;
}

/** The chats that one session joined, and what it lets the others in them see. All of it is lost with its gateway. */
export class ChatSeats {
  readonly #options: ChatSeatsOptions;
  /** With the members of the chat as far as they are known: of later ones it hears when they join. */
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

  /** The members are these now. */
  learn(chatId: ChatId, members: readonly UserId[]): void {
    if (this.#taken.has(chatId)) this.#taken.set(chatId, members);
  }

  /** Somebody else joined, who may not have been a member before. */
  meet({ chatId, userId }: SeenJoining): void {
    const members = this.#taken.get(chatId);
    if (members?.includes(userId) === false) this.#taken.set(chatId, [...members, userId]);
  }

  /** Somebody is no member any more: the user itself leaves without a word, anybody else is told nothing from now on. */
  dismiss(chatId: ChatId, userId: UserId): void {
    const members = this.#taken.get(chatId) ?? [];
    if (userId === this.#options.userId) this.giveUp(chatId);
    else
      this.learn(
        chatId,
        members.filter((member) => member !== userId),
      );
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
