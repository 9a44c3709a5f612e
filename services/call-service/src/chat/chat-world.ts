import type {
  Call,
  ChatCommandEnvelope,
  ChatEvent,
  ChatId,
  ChatMessage,
  ErrorCode,
  MessageId,
  Refusal,
  RequestId,
  SendMessage,
  UserId,
} from '@trunkline/contract';
import { refusal } from '@trunkline/contract';

export type MemberRole = 'user' | 'shopper' | 'admin';

export interface ChatRecord {
  id: ChatId;
  orderId: string;
  userId: UserId;
  shopperId: UserId;
  status: 'active' | 'archived';
  lastSeq: number;
  eventSeq: number;
  /** Times are epoch milliseconds. */
  lastMessageAt: number | null;
  createdAt: number;
  updatedAt: number;
}

export interface MemberRecord {
  chatId: ChatId;
  userId: UserId;
  role: MemberRole;
  /** Which bit of a message's `readBy` is this member's. */
  place: number;
  unreadCount: number;
  joinedSeq: number;
  activeAt: number;
  leftAt: number | null;
}

/** A message with what only the rules need. */
export interface MessageRecord extends ChatMessage {
  /** A bit for each member that has read it. */
  readBy: number;
}

/** What the rules need of a message that is marked as read. */
export type MarkRecord = Pick<MessageRecord, 'id' | 'chatId' | 'seq' | 'senderId' | 'createdAt' | 'readAt' | 'readBy'>;

/** Who a chat is between, and about what: a second one with the same three is the first. */
export interface ChatKey {
  orderId: string;
  userId: UserId;
  shopperId: UserId;
}

/** What a message says, without who says it. */
export type Said = Pick<SendMessage, 'content' | 'attachmentUrl' | 'attachmentType' | 'metadata' | 'clientMessageId'>;

export type WriteEnvelope = ChatCommandEnvelope & {
  command: Exclude<ChatCommandEnvelope['command'], { type: 'open_chat' | 'leave_chat' }>;
};

/** One thing to decide. `by: null` is the app's backend, with the key of that name. */
export type ChatInput =
  | { kind: 'command'; envelope: WriteEnvelope }
  | {
      kind: 'create';
      key: ChatKey;
      mintedId: ChatId;
      by: { userId: UserId; name: string | null } | null;
      keyName: string | null;
      initialMessage: string | null;
    }
  | {
      kind: 'speak';
      chatId: ChatId;
      sender: ServerSender;
      said: Said;
      messageType: ChatMessage['type'];
      requestId: RequestId | null;
      keyName: string;
    }
  | { kind: 'archive'; chatId: ChatId; by: UserId | null }
  /** `role: null`: the one that the member has. */
  | { kind: 'put_member'; chatId: ChatId; userId: UserId; role: MemberRole | null; keyName: string }
  | { kind: 'remove_member'; chatId: ChatId; userId: UserId; keyName: string }
  | { kind: 'tell_call'; chatId: ChatId; callId: string };

/** The app's backend speaks as the system, or as a bot of its own. */
export interface ServerSender {
  id: string;
  role: 'system' | 'bot';
  name: string | null;
}

export type ChatFailure = { ok: false; error: Refusal & { field?: string } };

export type ChatDone =
  | { type: 'message'; message: ChatMessage }
  | { type: 'read'; chatId: ChatId; messageIds: MessageId[]; readAt: number; unreadCount: number }
  | { type: 'chat'; chat: ChatRecord; isNew: boolean; unreadCount: number; lastMessage: ChatMessage | null }
  | { type: 'member'; member: MemberRecord | null }
  | { type: 'nothing' };

export type ChatAnswer = ChatFailure | { ok: true; result: ChatDone };

export const refuse = (code: ErrorCode, message: string, field?: string): ChatFailure => ({
  ok: false,
  error: { ...refusal(code, { message }), ...(field === undefined ? {} : { field }) },
});

/** Under which name a message is sent, and whose name for it that is. */
export interface MessageKey {
  senderId: string;
  key: string;
}

/** Under which name of its sender a message was sent before. */
export interface KeptKey extends MessageKey {
  chatId: string;
  bodyHash: string;
  message: MessageRecord;
}

/** A call that ended between two people of a chat. */
export interface CallToTell {
  chatId: string;
  call: Call;
}

/** A line of the audit of what the app's backend did. */
export interface ChatAuditRow {
  keyName: string;
  action: string;
  chatId: string | null;
  userId: string | null;
  detail: Readonly<Record<string, string | number>> | null;
}

/** What one device has marked as read. */
export interface Reading {
  chatId: ChatId;
  messageIds: readonly MessageId[];
  readBy: UserId;
  /** Null: it has no name. */
  deviceId: string | null;
}

/** All that a batch of inputs may depend on, read while its chats are locked. */
export interface ChatLoaded {
  /** The database's clock, in epoch milliseconds, after the locks were taken. */
  now: number;
  chats: readonly ChatRecord[];
  /** Chats that this very transaction made. */
  madeNow: ReadonlySet<string>;
  members: readonly MemberRecord[];
  keys: readonly KeptKey[];
  /** The messages that are to be marked as read. */
  messages: readonly MarkRecord[];
  /** `owner` has blocked `blocked`, of the members concerned. */
  blocks: readonly { owner: string; blocked: string }[];
  calls: readonly CallToTell[];
}

/** All that a batch changed: written in one transaction. */
export interface ChatOutcome {
  answers: ChatAnswer[];
  chats: ReadonlySet<ChatRecord>;
  members: ReadonlySet<MemberRecord>;
  sent: readonly MessageRecord[];
  marked: ReadonlySet<MarkRecord>;
  newKeys: readonly KeptKey[];
  toldCalls: readonly string[];
  events: readonly ChatEvent[];
  readings: readonly Reading[];
  audit: readonly ChatAuditRow[];
}

const keyName = (chatId: string, senderId: string, key: string): string => JSON.stringify([chatId, senderId, key]);
const chatKeyName = ({ userId, shopperId, orderId }: ChatKey): string => JSON.stringify([userId, shopperId, orderId]);

/** The chats of one batch while it is being decided, changed in place. */
export class ChatWorld {
  readonly now: number;
  readonly changedChats = new Set<ChatRecord>();
  readonly changedMembers = new Set<MemberRecord>();
  readonly sent: MessageRecord[] = [];
  readonly marked = new Set<MarkRecord>();
  readonly newKeys: KeptKey[] = [];
  readonly toldCalls: string[] = [];
  readonly events: ChatEvent[] = [];
  readonly readings: Reading[] = [];
  readonly audit: ChatAuditRow[] = [];
  readonly #chats = new Map<string, ChatRecord>();
  readonly #byKey = new Map<string, ChatRecord>();
  readonly #members = new Map<string, MemberRecord[]>();
  readonly #keys = new Map<string, KeptKey>();
  readonly #messages: ReadonlyMap<string, MarkRecord>;
  readonly #blocks: ReadonlySet<string>;
  readonly #calls: ReadonlyMap<string, CallToTell>;
  readonly #madeNow: Set<string>;

  constructor(loaded: ChatLoaded) {
    this.now = loaded.now;
    this.#madeNow = new Set(loaded.madeNow);
    for (const chat of loaded.chats) {
      this.#chats.set(chat.id, chat);
      this.#byKey.set(chatKeyName(chat), chat);
    }
    for (const member of loaded.members) this.addMember(member);
    for (const kept of loaded.keys) this.#keys.set(keyName(kept.chatId, kept.senderId, kept.key), kept);
    this.#messages = new Map(loaded.messages.map((message) => [message.id, message]));
    this.#blocks = new Set(loaded.blocks.map(({ owner, blocked }) => JSON.stringify([owner, blocked])));
    this.#calls = new Map(loaded.calls.map((told) => [told.call.id, told]));
  }

  chat(id: string): ChatRecord | undefined {
    return this.#chats.get(id);
  }

  chatBetween(key: ChatKey): ChatRecord | undefined {
    return this.#byKey.get(chatKeyName(key));
  }

  /** True once for a chat that this batch made: the first to ask made it. */
  claimNew(chatId: string): boolean {
    return this.#madeNow.delete(chatId);
  }

  /** Everybody who is or was a member. */
  everMembers(chatId: string): readonly MemberRecord[] {
    return this.#members.get(chatId) ?? [];
  }

  members(chatId: string): MemberRecord[] {
    return this.everMembers(chatId).filter(({ leftAt }) => leftAt === null);
  }

  member(chatId: string, userId: string): MemberRecord | undefined {
    return this.members(chatId).find((member) => member.userId === userId);
  }

  addMember(member: MemberRecord): void {
    const members = this.#members.get(member.chatId);
    if (members === undefined) this.#members.set(member.chatId, [member]);
    else members.push(member);
  }

  messageIn(chatId: string, id: string): MarkRecord | undefined {
    const message = this.#messages.get(id);
    return message?.chatId === chatId ? message : undefined;
  }

  keptKey(chatId: string, { senderId, key }: MessageKey): KeptKey | undefined {
    return this.#keys.get(keyName(chatId, senderId, key));
  }

  keepKey(kept: KeptKey): void {
    this.#keys.set(keyName(kept.chatId, kept.senderId, kept.key), kept);
    this.newKeys.push(kept);
  }

  hasBlocked(owner: string, blocked: string): boolean {
    return this.#blocks.has(JSON.stringify([owner, blocked]));
  }

  callToTell(callId: string): CallToTell | undefined {
    return this.toldCalls.includes(callId) ? undefined : this.#calls.get(callId);
  }

  /** The next event of a chat, in the order in which its sessions hear them. */
  addEvent(chat: ChatRecord, event: EventDraft, recipients: UserId[] = this.members(chat.id).map(({ userId }) => userId)): void {
    chat.eventSeq += 1;
    this.changedChats.add(chat);
    this.events.push({ ...event, id: `${chat.id}.${chat.eventSeq}`, at: this.now, recipients });
  }
}

type WithoutStamp<Event> = Event extends unknown ? Omit<Event, 'id' | 'at' | 'recipients'> : never;
export type EventDraft = WithoutStamp<Extract<ChatEvent, { type: 'message_sent' | 'messages_read' | 'member_removed' }>>;
