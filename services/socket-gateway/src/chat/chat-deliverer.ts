import type { ChatEvent, ChatId, ChatMessage, ChatReply } from '@trunkline/contract';
import type { ChatTelling } from '../dialects/otsy.ts';
import { MessageOrder } from './message-order.ts';

type MessageSent = Extract<ChatEvent, { type: 'message_sent' }>;
type MessagesRead = Extract<ChatEvent, { type: 'messages_read' }>;
export type OpenedChat = Extract<Extract<ChatReply, { ok: true }>['result'], { type: 'chat' }>;
/** `refused`: the user is no member. `unanswered`: nobody could say. */
type Read = OpenedChat | 'refused' | 'unanswered';

/** A chat that is being read. */
interface Reading {
  /** The last message that was heard of before: what is missing up to there is looked for. */
  readonly upTo: number;
  /** What was read, while it waits for an answer that has to come first. */
  read: Read | null;
}

export interface ChatDelivererOptions {
  tell(telling: ChatTelling): void;
  /** Reads the chat anew. */
  read(chatId: ChatId): Promise<Read>;
  /** Whether an answer about this chat has to come before what happens in it. */
  awaits(chatId: ChatId): boolean;
  /** Whether messages may be missing of chats that nothing was told of; `goOn` is called when that is known. */
  isUnsure(): boolean;
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

const chatOf = (event: MessageSent | MessagesRead): ChatId => (event.type === 'message_sent' ? event.message.chatId : event.chatId);

/**
 * Tells one session what happens in chats: every message once, in the order of its chat and without a gap. What is
 * missing is read from call-service, where everything is.
 */
export class ChatDeliverer {
  readonly #options: ChatDelivererOptions;
  readonly #order = new MessageOrder();
  readonly #reading = new Map<ChatId, Reading>();
  /** Chats of which messages may be missing that nothing held tells of. */
  readonly #behind = new Set<ChatId>();
  readonly #seenEvents = new Set<string>();
  #held: (MessageSent | MessagesRead)[] = [];
  #isOver = false;

  constructor(options: ChatDelivererOptions) {
    this.#options = options;
  }

  hear(event: ChatEvent): void {
    if (event.type !== 'message_sent' && !this.#isNew(event.id)) return;
    if (event.type === 'message_sent' || event.type === 'messages_read') this.#take(event);
    else this.#options.tell(event);
  }

  /** Whether anything was told of this chat: if not, no gap shows in it. */
  knows(chatId: ChatId): boolean {
    return this.#order.lastTold(chatId) !== null;
  }

  /** What was told of chats that were written in last before this may be forgotten, in epoch milliseconds. */
  get forgottenUntil(): number {
    return this.#order.forgottenUntil;
  }

  /** The session joined: it gets the last messages, and from then on what follows them. */
  welcome({ chatId, messages }: OpenedChat): void {
    this.#tellHistory(chatId, messages);
  }

  /** Chats that nothing was told of begin behind these numbers, those written in last first; tells what waited for that. */
  goOn(chats: readonly { readonly chatId: ChatId; readonly seq: number }[]): void {
    for (const { chatId, seq } of chats.toReversed()) this.#order.begin(chatId, seq);
    this.release();
  }

  /** Tells what waited for an answer. */
  release(): void {
    for (const [chatId, { upTo, read }] of [...this.#reading]) {
      if (read !== null && !this.#options.awaits(chatId)) this.#finish(chatId, read, upTo);
    }
    const held = this.#held;
    this.#held = [];
    for (const event of held) this.#take(event);
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
    this.#reading.clear();
  }

  #take(event: MessageSent | MessagesRead): void {
    const chatId = chatOf(event);
    if (this.#mustWait(chatId)) this.#hold(event);
    else if (event.type === 'message_sent') this.#takeMessage(event);
    else if (this.#behind.has(chatId)) this.#hold(event);
    else this.#options.tell(event);
  }

  #mustWait(chatId: ChatId): boolean {
    const { awaits, isUnsure } = this.#options;
    return this.#reading.has(chatId) || awaits(chatId) || (!this.knows(chatId) && isUnsure());
  }

  #takeMessage(event: MessageSent): void {
    const { chatId, seq } = event.message;
    const verdict = this.#order.judge(chatId, seq);
    if (verdict === 'next') this.#tellMessage(event);
    if (verdict !== 'gap') return;
    this.#hold(event);
    void this.#readMissing(chatId);
  }

  /** A message that there is no room for is read later; nothing would bring back that messages were read. */
  #hold(event: MessageSent | MessagesRead): void {
    if (this.#held.length < MAX_HELD) this.#held.push(event);
    else if (event.type === 'message_sent') this.#behind.add(event.message.chatId);
    else this.#options.tell(event);
  }

  #tellMessage(event: MessageSent): void {
    const { chatId, seq, createdAt } = event.message;
    this.#order.note(chatId, seq, createdAt);
    this.#options.tell(event);
  }

  #tellHistory(chatId: ChatId, messages: readonly ChatMessage[]): void {
    this.#options.tell({ type: 'history', chatId, messages: lastThatFit(messages) });
    const last = messages.at(-1);
    this.#order.note(chatId, last?.seq ?? 0, last?.createdAt ?? 0);
  }

  async #readMissing(chatId: ChatId): Promise<void> {
    if (this.#isOver || this.#reading.has(chatId)) return;
    const upTo = Math.max(0, ...this.#heldOf(chatId).map(({ message }) => message.seq));
    const reading: Reading = { upTo, read: null };
    this.#reading.set(chatId, reading);
    const read = await this.#options.read(chatId);
    if (this.#options.awaits(chatId)) reading.read = read;
    else this.#finish(chatId, read, upTo);
  }

  #finish(chatId: ChatId, read: Read, upTo: number): void {
    this.#reading.delete(chatId);
    if (this.#isOver) return;
    if (read === 'unanswered') {
      this.#behind.add(chatId);
      return;
    }
    this.#behind.delete(chatId);
    if (read !== 'refused') this.#catchUp(read);
    this.#tellHeldOf(chatId, read === 'refused' ? Number.POSITIVE_INFINITY : upTo);
    if (read === 'refused') this.#order.forget(chatId);
  }

  /** Of few missing messages each is told; of many, the last ones, in the place of all that the client has. */
  #catchUp({ chatId, messages }: OpenedChat): void {
    const told = this.#order.lastTold(chatId);
    const missing = messages.filter(({ seq }) => told === null || seq > told);
    const [first] = missing;
    if (first === undefined) return;
    if (told === null || first.seq > told + 1 || lastThatFit(missing).length < missing.length) this.#tellHistory(chatId, messages);
    else for (const message of missing) this.#tellMessage(asEvent(message));
  }

  /** Messages in their order, whatever is missing between those up to `upTo`: it was just looked for. Then which ones were read. */
  #tellHeldOf(chatId: ChatId, upTo: number): void {
    const messages = this.#heldOf(chatId).toSorted((a, b) => a.message.seq - b.message.seq);
    const readings = this.#held.filter((event) => event.type === 'messages_read' && event.chatId === chatId);
    this.#held = this.#held.filter((event) => chatOf(event) !== chatId);
    for (const event of messages) {
      if (event.message.seq > upTo) this.#take(event);
      else if (this.#order.judge(chatId, event.message.seq) !== 'seen') this.#tellMessage(event);
    }
    for (const event of readings) this.#take(event);
  }

  #heldOf(chatId: ChatId): MessageSent[] {
    return this.#held.filter((event) => event.type === 'message_sent').filter(({ message }) => message.chatId === chatId);
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
