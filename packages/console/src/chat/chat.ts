import { computed, signal } from '@preact/signals';
import type { ChatMessage } from '@trunkline/client';
import type { ChatListener, ChatWire } from './chat-wire.ts';

const TYPING_MS = 3000;
/** A start that comes sooner after another is not told. */
const START_EVERY_MS = 2100;

/** The chat that a phone shows: with one person at a time. */
export class Chat {
  readonly peerId = signal<string | null>(null);
  readonly messages = signal<readonly ChatMessage[]>([]);
  readonly isPeerTyping = signal(false);
  readonly problem = signal<string | null>(null);
  /** Whether a person looks at it: what comes then is read. */
  readonly isShown = signal(false);
  readonly unread = computed(() => this.#unreadIds().length);
  readonly #userId: string;
  readonly #wire: ChatWire;
  #chatId: string | null = null;
  #opening: Promise<void> = Promise.resolve();
  #startedAt = Number.NEGATIVE_INFINITY;
  #starting: ReturnType<typeof setTimeout> | undefined;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(userId: string, startWire: (listener: ChatListener) => ChatWire) {
    this.#userId = userId;
    this.#wire = startWire({
      onMessage: (message) => this.#hear(message),
      onHistory: (chatId, messages) => {
        if (chatId === this.#chatId) this.#put(messages);
      },
      onTyping: (chatId, who, isTyping) => {
        if (chatId === this.#chatId && who !== this.#userId) this.isPeerTyping.value = isTyping;
      },
      onRead: (messageIds, readAt) => this.#read(messageIds, readAt),
    });
  }

  /** Shows the chat with that person. */
  async open(peerId: string): Promise<void> {
    if (peerId === this.peerId.value || peerId === '') return;
    this.#opening = this.#try(async () => {
      const chatId = await this.#wire.open(this.#userId, peerId);
      await this.#enter(chatId, peerId);
    });
    await this.#opening;
  }

  show(isShown: boolean): void {
    this.isShown.value = isShown;
    if (isShown) void this.#markRead();
  }

  async send(content: string): Promise<void> {
    // Who writes faster than the chat opens is heard all the same.
    await this.#opening;
    const chatId = this.#chatId;
    if (chatId === null || content.trim() === '') return;
    this.#stopTyping();
    await this.#try(() => this.#wire.send(chatId, content));
  }

  /** A key was pressed. */
  type(): void {
    this.#starting ??= setTimeout(() => this.#startTyping(), Math.max(0, this.#startedAt + START_EVERY_MS - performance.now()));
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#stopTyping(), TYPING_MS);
  }

  close(): void {
    clearTimeout(this.#typing);
    clearTimeout(this.#starting);
    this.#wire.close();
  }

  #startTyping(): void {
    this.#starting = undefined;
    this.#startedAt = performance.now();
    if (this.#chatId !== null) this.#wire.typing(this.#chatId, true);
  }

  #stopTyping(): void {
    clearTimeout(this.#typing);
    clearTimeout(this.#starting);
    this.#starting = undefined;
    if (this.#chatId !== null) this.#wire.typing(this.#chatId, false);
  }

  /** Whoever writes first, their chat is shown. */
  #hear(message: ChatMessage): void {
    if (message.chat_id === this.#chatId) this.#put([message]);
    else if (this.#chatId === null && message.sender_id !== this.#userId)
      void this.#try(() => this.#enter(message.chat_id, message.sender_id));
    this.isPeerTyping.value &&= message.sender_id === this.#userId;
    if (this.isShown.value) void this.#markRead();
  }

  async #enter(chatId: string, peerId: string): Promise<void> {
    this.#chatId = chatId;
    this.peerId.value = peerId;
    this.messages.value = [];
    await this.#wire.join(chatId);
  }

  #put(messages: readonly ChatMessage[]): void {
    const byId = new Map([...this.messages.value, ...messages].map((message) => [message.id, message]));
    this.messages.value = [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  #read(messageIds: readonly string[], readAt: string): void {
    const ids = new Set(messageIds);
    this.messages.value = this.messages.value.map((message) => (ids.has(message.id) ? { ...message, read_at: readAt } : message));
  }

  #unreadIds(): string[] {
    return this.messages.value
      .filter((message) => message.type !== 'system' && message.sender_id !== this.#userId && message.read_at === null)
      .map(({ id }) => id);
  }

  async #markRead(): Promise<void> {
    const [chatId, ids] = [this.#chatId, this.#unreadIds()];
    if (chatId !== null && ids.length > 0) await this.#try(() => this.#wire.markRead(chatId, ids));
  }

  async #try(act: () => Promise<void>): Promise<void> {
    try {
      await act();
      this.problem.value = null;
    } catch (error) {
      this.problem.value = (error as Error).message;
    }
  }
}
