import type { ChatEvent, ChatId, ChatMessage, ChatReply } from '@trunkline/contract';
import type { ChatTelling } from '../dialects/otsy.ts';
import { MessageOrder } from './message-order.ts';

type MessageSent = Extract<ChatEvent, { type: 'message_sent' }>;
export type OpenedChat = Extract<Extract<ChatReply, { ok: true }>['result'], { type: 'chat' }>;

export interface ChatDelivererOptions {
  tell(telling: ChatTelling): void;
  /** Reads the chat anew. `refused`: the user is no member. `unanswered`: nobody could say. */
  read(chatId: ChatId): Promise<OpenedChat | 'refused' | 'unanswered'>;
  /** Whether an answer about this chat has to come before what happens in it. */
  awaits(chatId: ChatId): boolean;
}

const MAX_HELD = 256;
const MAX_REMEMBERED_EVENTS = 256;
/** Half of what may wait to be written to one client. */
const MAX_HISTORY_BYTES = 512 * 1024;

const bytesOf = (message: ChatMessage): number => Buffer.byteLength(JSON.stringify(message));

/** The last of these messages, as many as may be written at once. */
const lastThatFit = (messages: readonly ChatMessage[]): readonly ChatMessage[] => {
  let bytes = 0;
  const tooFar = messages.findLastIndex((message) => {
    bytes += bytesOf(message);
    return bytes > MAX_HISTORY_BYTES;
  });
  return messages.slice(tooFar + 1);
};

/**
 * Tells one session what happens in chats: every message once, in the order of its chat and without a gap. What is
 * missing is read from call-service, where everything is.
 */
export class ChatDeliverer {
  readonly #options: ChatDelivererOptions;
  readonly #order = new MessageOrder();
  readonly #reading = new Set<ChatId>();
  /** Chats of which messages may be missing that nothing held tells of. */
  readonly #behind = new Set<ChatId>();
  readonly #seenEvents = new Set<string>();
  #held: MessageSent[] = [];
  #isOver = false;

  constructor(options: ChatDelivererOptions) {
    this.#options = options;
  }

  hear(event: ChatEvent): void {
    if (event.type === 'message_sent') this.#hearMessage(event);
    else if (this.#isNew(event.id)) this.#options.tell(event);
  }

  /** The session joined: it gets the last messages, and from then on what follows them. */
  welcome(opened: OpenedChat): void {
    this.#options.tell({ type: 'history', chatId: opened.chatId, messages: lastThatFit(opened.messages) });
    this.#order.note(opened.chatId, opened.messages.at(-1)?.seq ?? 0);
  }

  /** Tells what waited for an answer. */
  release(): void {
    const held = this.#held;
    this.#held = [];
    for (const event of held) this.#hearMessage(event);
    if (this.#behind.size > 0) void this.checkBehind();
  }

  /** The session is no longer told of this chat. */
  forget(chatId: ChatId): void {
    this.#order.forget(chatId);
    this.#behind.delete(chatId);
  }

  /** Anything may have been missed: looks at every chat that was told of. */
  checkAll(): Promise<void> {
    for (const chatId of this.#order.chats()) this.#behind.add(chatId);
    return this.checkBehind();
  }

  /** Looks again where an earlier look was not answered. */
  async checkBehind(): Promise<void> {
    for (const chatId of [...this.#behind]) await this.#readMissing(chatId);
  }

  end(): void {
    this.#isOver = true;
    this.#held = [];
  }

  #hearMessage(event: MessageSent): void {
    const { chatId, seq } = event.message;
    if (this.#reading.has(chatId) || this.#options.awaits(chatId)) {
      this.#hold(event);
      return;
    }
    const verdict = this.#order.judge(chatId, seq);
    if (verdict === 'next') this.#tellMessage(event);
    if (verdict !== 'gap') return;
    this.#hold(event);
    void this.#readMissing(chatId);
  }

  #hold(event: MessageSent): void {
    if (this.#held.length < MAX_HELD) this.#held.push(event);
    else this.#behind.add(event.message.chatId);
  }

  #tellMessage(event: MessageSent): void {
    this.#order.note(event.message.chatId, event.message.seq);
    this.#options.tell(event);
  }

  async #readMissing(chatId: ChatId): Promise<void> {
    if (this.#isOver || this.#reading.has(chatId)) return;
    this.#reading.add(chatId);
    const opened = await this.#options.read(chatId);
    this.#reading.delete(chatId);
    if (this.#isOver) return;
    if (opened === 'unanswered') {
      this.#behind.add(chatId);
      return;
    }
    this.#behind.delete(chatId);
    if (opened !== 'refused') this.#catchUp(opened);
    this.#tellHeldOf(chatId);
    if (opened === 'refused') this.#order.forget(chatId);
  }

  /** Of few missing messages each is told; of many, the last ones, in the place of all that the client has. */
  #catchUp({ chatId, messages }: OpenedChat): void {
    const told = this.#order.lastTold(chatId) ?? 0;
    const missing = messages.filter(({ seq }) => seq > told);
    const [first] = missing;
    if (first === undefined) return;
    if (first.seq > told + 1 || lastThatFit(missing).length < missing.length) {
      this.#options.tell({ type: 'history', chatId, messages: lastThatFit(messages) });
      this.#order.note(chatId, missing.at(-1)?.seq ?? told);
      return;
    }
    for (const message of missing) this.#tellMessage(asEvent(message));
  }

  /** In their order, whatever is missing between them: it was just looked for. */
  #tellHeldOf(chatId: ChatId): void {
    const own = this.#held.filter(({ message }) => message.chatId === chatId);
    this.#held = this.#held.filter(({ message }) => message.chatId !== chatId);
    for (const event of own.toSorted((a, b) => a.message.seq - b.message.seq)) {
      if (this.#order.judge(chatId, event.message.seq) !== 'seen') this.#tellMessage(event);
    }
  }

  /** Whether this event was not heard yet: it may be published twice. */
  #isNew(id: string): boolean {
    if (this.#seenEvents.has(id)) return false;
    this.#seenEvents.add(id);
    if (this.#seenEvents.size > MAX_REMEMBERED_EVENTS) {
      const [oldest] = this.#seenEvents;
      if (oldest !== undefined) this.#seenEvents.delete(oldest);
    }
    return true;
  }
}

const asEvent = (message: ChatMessage): MessageSent => ({
  id: message.id,
  at: message.createdAt,
  recipients: [],
  type: 'message_sent',
  message,
  senderSessionId: null,
});
