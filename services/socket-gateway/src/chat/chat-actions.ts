import { randomUUID } from 'node:crypto';
import { type Actor, type ChatCommand, type ChatId, type ChatReply, type RequestId, refusal, type UserId } from '@trunkline/contract';
import type { ChatAnswer } from '../dialects/otsy.ts';
import type { ChatAsk } from '../dialects/otsy-words.ts';
import type { SendChatCommand } from './chat-command-sender.ts';
import type { ChatDeliverer, OpenedChat } from './chat-deliverer.ts';
import type { ChatMembers } from './chat-members.ts';
import type { ChatSeats } from './chat-seats.ts';

export interface ChatActionsOptions {
  readonly actor: Actor;
  readonly sendCommand: SendChatCommand;
  readonly members: ChatMembers;
  readonly seats: ChatSeats;
  readonly deliverer: () => ChatDeliverer;
  refreshToken(token: string): Promise<ChatAnswer>;
  isOver(): boolean;
}

type Refused = Extract<ChatReply, { ok: false }>;
type Ask<Type extends ChatAsk['type']> = Extract<ChatAsk, { type: Type }>;

const NOTHING_TO_TELL: ChatAnswer = { ok: true, done: 'nothing to tell' };

/** What call-service answers to a stranger, and so to a member who was removed; to who writes also for other reasons. */
const isNoMember = ({ error: { code } }: Refused): boolean => code === 'chat_not_found' || code === 'unauthorized';

/** Does what one session asks. Who may do it is decided by call-service, for typing on what it said in the last seconds. */
export class ChatActions {
  readonly #options: ChatActionsOptions;

  constructor(options: ChatActionsOptions) {
    this.#options = options;
  }

  readonly act = (ask: ChatAsk, requestId: RequestId | null): Promise<ChatAnswer> => {
    switch (ask.type) {
      case 'join_chat':
        return this.#join(ask);
      case 'leave_chat':
        return this.#leave(ask);
      case 'set_typing':
        return this.#setTyping(ask);
      case 'send_message':
      case 'mark_read':
        return this.#command(ask, requestId);
      case 'refresh_token':
        return this.#options.refreshToken(ask.token);
    }
  };

  /** Reads a chat for what the session has missed of it, and takes a seat that it has in there anew: a long cut may have cost it. */
  readonly read = async (chatId: ChatId): Promise<OpenedChat | 'refused' | 'unanswered'> => {
    const { seats, isOver } = this.#options;
    const hadSeat = seats.has(chatId);
    const opened = await this.#open(chatId, hadSeat);
    // Its leaving meanwhile may have come before that.
    if (hadSeat && !seats.has(chatId) && !isOver()) await this.#send({ type: 'leave_chat', chatId }, null);
    if (!('ok' in opened)) return opened;
    return isNoMember(opened) ? 'refused' : 'unanswered';
  };

  async #join({ chatId }: Ask<'join_chat'>): Promise<ChatAnswer> {
    const { seats, deliverer, isOver } = this.#options;
    if (!seats.hasRoomFor(chatId)) return { ok: false, error: refusal('rate_limited', { message: 'Too many chats are joined at once' }) };
    const opened = await this.#open(chatId, true);
    if ('ok' in opened) return opened;
    // A seat of a socket that has closed meanwhile would never be left.
    if (isOver()) return NOTHING_TO_TELL;
    const isNew = await seats.take(chatId, opened.members);
    if (isOver()) return NOTHING_TO_TELL;
    deliverer().welcome(opened);
    if (isNew) seats.tellJoined(chatId);
    return NOTHING_TO_TELL;
  }

  async #leave({ chatId }: Ask<'leave_chat'>): Promise<ChatAnswer> {
    this.#options.seats.leave(chatId);
    const reply = await this.#send({ type: 'leave_chat', chatId }, null);
    return reply.ok ? NOTHING_TO_TELL : reply;
  }

  async #setTyping({ chatId, isTyping }: Ask<'set_typing'>): Promise<ChatAnswer> {
    const members = await this.#membersOf(chatId);
    if ('ok' in members) return members;
    if (!this.#options.isOver()) this.#options.seats.type(chatId, isTyping, members);
    return NOTHING_TO_TELL;
  }

  async #command(command: ChatCommand, requestId: RequestId | null): Promise<ChatAnswer> {
    const reply = await this.#send(command, requestId);
    if (!reply.ok) {
      // Whoever may only not write stays; opening the chat tells, and leaves it for who may not do that either.
      if (isNoMember(reply)) await this.#open(command.chatId);
      return reply;
    }
    const { result } = reply;
    switch (result.type) {
      case 'message':
        return { ok: true, done: 'message', message: result.message };
      case 'read':
        return { ok: true, done: 'read', messageIds: result.messageIds, readAt: result.readAt };
      case 'chat':
      case 'left':
        return NOTHING_TO_TELL;
    }
  }

  async #membersOf(chatId: ChatId): Promise<readonly UserId[] | Refused> {
    const { members, actor } = this.#options;
    const fresh = members.fresh(chatId, performance.now());
    if (fresh?.includes(actor.userId)) return fresh;
    const opened = await this.#open(chatId);
    return 'ok' in opened ? opened : opened.members;
  }

  async #open(chatId: ChatId, takesSeat = false): Promise<OpenedChat | Refused> {
    const { members, seats } = this.#options;
    const reply = await this.#send({ type: 'open_chat', chatId, takesSeat }, null);
    if (!reply.ok) {
      if (isNoMember(reply)) {
        members.forget(chatId);
        seats.leave(chatId);
      }
      return reply;
    }
    if (reply.result.type !== 'chat') return { ok: false, error: refusal('service_error') };
    members.learn(chatId, reply.result.members, performance.now());
    seats.learn(chatId, reply.result.members);
    return reply.result;
  }

  #send(command: ChatCommand, requestId: RequestId | null): Promise<ChatReply> {
    const { actor, sendCommand } = this.#options;
    return sendCommand({ commandId: randomUUID(), actor, command, requestId });
  }
}
