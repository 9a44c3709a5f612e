import { CommandQueue } from '../command-queue.ts';
import { Emitter } from '../emitter.ts';
import { fitsFrame } from '../frame-size.ts';
import type { Line } from '../line.ts';
import { mintId } from '../mint-id.ts';
import { TrunklineError } from '../trunkline-error.ts';
import type { ChatClientWords, ChatMessage, ChatServerWords, MessageBody } from './chat-wire.ts';
import type { ChatsApi } from './chats-api.ts';
import { Seats } from './seats.ts';

export interface ChatEvents {
  /** A new message, once, in a chat of this user's; one's own too, from another device. */
  message: ChatMessage;
  /** The last messages of a chat, the oldest first: after each join, and again after each loss of the connection. */
  history: { readonly chatId: string; readonly messages: readonly ChatMessage[] };
  /** The chats in which something is unread, the latest first, as of each connection; at most 100. */
  unread: { readonly chats: readonly { readonly chatId: string; readonly unreadCount: number }[] };
  typing: { readonly chatId: string; readonly userId: string; readonly isTyping: boolean };
  read: { readonly chatId: string; readonly messageIds: readonly string[]; readonly readBy: string; readonly readAt: string };
  joined: { readonly chatId: string; readonly userId: string };
  left: { readonly chatId: string; readonly userId: string };
  presence: { readonly userId: string; readonly online: boolean };
  orderUpdate: { readonly orderId: string; readonly update: unknown };
  receiptShared: { readonly orderId: string; readonly receiptUrl: string };
  /** The app's own event, `custom:…`. */
  custom: { readonly name: string; readonly data: unknown };
  /** What no command of the app's own is there to tell. A chat that could not be joined again is tried again, unless it was refused. */
  error: { readonly error: TrunklineError };
}

export interface NewMessage {
  readonly content: string;
  readonly type?: MessageBody['type'];
  /** https only. */
  readonly attachmentUrl?: string;
  readonly attachmentType?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** The app's own name for it, by which it shows the message before the server has it. */
  readonly clientMessageId?: string;
}

export interface ChatClientOptions {
  readonly api: ChatsApi;
  readonly ackTimeoutMs: number;
  readonly commandTimeoutMs: number;
  /** A command waits: there should be a connection. */
  onAdded(): void;
  onSilent(): void;
}

const MAX_REMEMBERED_MESSAGES = 1000;

/** The lane of joins and leaves: they wait for no message. */
const seatIn = (chatId: string): string => `seat in ${chatId}`;

const messageBody = (message: NewMessage): MessageBody => {
  const { content, type = 'text', attachmentUrl, attachmentType, metadata, clientMessageId = mintId() } = message;
  return {
    content,
    type,
    ...(attachmentUrl === undefined ? {} : { attachment_url: attachmentUrl }),
    ...(attachmentType === undefined ? {} : { attachment_type: attachmentType }),
    ...(metadata === undefined ? {} : { metadata }),
    client_message_id: clientMessageId,
  };
};

/** Chats: rooms to join, messages that arrive once, what others type and have read. */
export class ChatClient extends Emitter<ChatEvents> {
  /** What is asked over REST: create, list, page back. */
  readonly chats: ChatsApi;
  readonly #options: ChatClientOptions;
  readonly #queue: CommandQueue;
  readonly #seats: Seats;
  readonly #seen = new Set<string>();
  #line: Line | null = null;

  constructor(options: ChatClientOptions) {
    super();
    const { ackTimeoutMs, onAdded, onSilent } = options;
    this.chats = options.api;
    this.#options = options;
    this.#queue = new CommandQueue({ ackTimeoutMs, line: () => this.#line, onAdded, onSilent });
    this.#seats = new Seats({
      ask: (word, chatId) => this.#ask(word, { chat_id: chatId }, seatIn(chatId)),
      isConnected: () => this.#line !== null,
      onFailed: (error) => this.emit('error', { error }),
    });
  }

  /** How many commands wait for their answer. */
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Joins now and, once joined, after every loss of the connection, until `leave`, or until the server refuses the chat:
   * `unauthorized`, `chat_not_found`, `parse_error`. One that rejects before it ever joined is not tried again. @throws TrunklineError
   */
  join(chatId: string): Promise<void> {
    return this.#seats.join(chatId);
  }

  /** Whatever becomes of it, the chat is joined no more until `join`. @throws TrunklineError */
  leave(chatId: string): Promise<void> {
    return this.#seats.leave(chatId);
  }

  /** Resolves with the message as it is stored; sent again, it stays one. Messages of a chat go in order. @throws TrunklineError */
  async send(chatId: string, message: NewMessage): Promise<ChatMessage> {
    const done = await this.#ask<{ message: ChatMessage }>('send_message', { chatId, message: messageBody(message) }, chatId);
    return done.message;
  }

  /** Heard or lost: nothing of it waits for a connection. */
  typing(chatId: string, isTyping: boolean): void {
    const body: ChatClientWords['typing_indicator'] = { chat_id: chatId, action: isTyping ? 'start' : 'stop' };
    if (fitsFrame('typing_indicator', body)) void this.#line?.ask('typing_indicator', body, this.#options.ackTimeoutMs);
  }

  async markRead(chatId: string, messageIds: readonly string[]): Promise<void> {
    await this.#ask('mark_messages_read', { chatId, messageIds }, null);
  }

  /** There is a connection, which has joined nothing. */
  connected(line: Line): void {
    this.#line = line;
    this.#queue.connected();
    this.#seats.connected();
  }

  disconnected(): void {
    this.#line = null;
  }

  close(): void {
    this.#line = null;
    this.#seats.close();
    this.#queue.close();
  }

  hear(word: string, body: unknown): void {
    if (Object.hasOwn(this.#words, word)) this.#words[word as keyof ChatServerWords](body as never);
    else if (word.startsWith('custom:')) this.emit('custom', { name: word, data: body });
    else if (word === 'connect_error') this.#words.error(body as ChatServerWords['error']);
  }

  readonly #words: { readonly [Word in keyof ChatServerWords]: (body: ChatServerWords[Word]) => void } = {
    connected: () => undefined,
    unread_counts: ({ chats }) =>
      this.emit('unread', { chats: chats.map(({ chat_id: chatId, unread_count: unreadCount }) => ({ chatId, unreadCount })) }),
    chat_history: ({ chat_id: chatId, messages }) => {
      for (const { id } of messages) this.#isNew(id);
      this.emit('history', { chatId, messages });
    },
    user_joined: ({ chatId, userId }) => this.emit('joined', { chatId, userId }),
    user_left: ({ chatId, userId }) => this.emit('left', { chatId, userId }),
    new_message: (message) => {
      if (this.#isNew(message.id)) this.emit('message', message);
    },
    typing_indicator: ({ chatId, userId, action }) => this.emit('typing', { chatId, userId, isTyping: action === 'start' }),
    messages_read: (body) => this.emit('read', body),
    order_update: (body) => this.emit('orderUpdate', body),
    receipt_shared: (body) => this.emit('receiptShared', body),
    user_online: ({ userId }) => this.emit('presence', { userId, online: true }),
    user_offline: ({ userId }) => this.emit('presence', { userId, online: false }),
    error: ({ code, message }) => this.emit('error', { error: new TrunklineError(code, message) }),
  };

  #ask<Done extends object>(word: keyof ChatClientWords, body: ChatClientWords[typeof word], lane: string | null): Promise<Done> {
    return this.#queue.ask<Done>(word, { ...body, requestId: mintId() }, { lane, timeoutMs: this.#options.commandTimeoutMs });
  }

  #isNew(messageId: string): boolean {
    if (this.#seen.has(messageId)) return false;
    this.#seen.add(messageId);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= MAX_REMEMBERED_MESSAGES) break;
      this.#seen.delete(oldest);
    }
    return true;
  }
}
