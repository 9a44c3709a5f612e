import { z } from 'zod';
import { Refusal } from './errors.ts';
import { ChatId, isStorable, RequestId, SessionId, storableText, UserId } from './ids.ts';
import { Actor } from './internal-door.ts';
import { Traceparent } from './traceparent.ts';

// What crosses processes about chats. Names of fields are ours (camelCase); each wire spells them in its own way.

export const MessageId = z.uuid().toLowerCase().brand<'MessageId'>();
export type MessageId = z.infer<typeof MessageId>;

export const MAX_CONTENT_LENGTH = 10_000;
export const MAX_METADATA_BYTES = 8192;
export const MAX_METADATA_DEPTH = 8;
export const MAX_READ_TOGETHER = 500;

export const MessageType = z.enum(['text', 'image', 'audio', 'file', 'system']);
export type MessageType = z.infer<typeof MessageType>;

/** A message as it is stored; `content` of a system message about a call is worded per viewer by the edge, from `metadata`. */
export const ChatMessage = z.object({
  id: MessageId,
  chatId: ChatId,
  /** The order of messages in a chat: 1, 2, 3, …, without gaps. */
  seq: z.int().positive(),
  senderId: z.string(),
  senderRole: z.string().nullable(),
  senderName: z.string().nullable(),
  content: z.string(),
  type: MessageType,
  attachmentUrl: z.string().nullable(),
  attachmentType: z.string().nullable(),
  metadata: z.record(z.string(), z.json()).nullable(),
  clientMessageId: z.string().nullable(),
  /** Epoch milliseconds of the database's clock. */
  createdAt: z.number(),
  /** When the other side read it; null while nobody has. */
  readAt: z.number().nullable(),
});
export type ChatMessage = z.infer<typeof ChatMessage>;

/** An absolute https URL, as it was given: without the blanks and control characters that `new URL` would take out. */
export const HttpsUrl = z
  .string()
  .max(2048)
  .refine((text) => /^https:\/\/[\x21-\uffff]+$/i.test(text) && URL.canParse(text), 'must be an https URL');

type JsonRecord = Record<string, z.core.util.JSONType>;

/** Looks level by level, since a recursion over what a client sent can be made to overflow. */
const problemWithin = (value: unknown): string | null => {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_METADATA_DEPTH) return `must nest at most ${MAX_METADATA_DEPTH} deep`;
    const below = level.filter((item) => typeof item === 'object' && item !== null) as object[];
    const texts = [...level, ...below.flatMap(Object.keys)].filter((item) => typeof item === 'string');
    if (!texts.every(isStorable)) return 'contains characters that cannot be stored';
    level = below.flatMap(Object.values);
  }
  return null;
};

const isRecord = (value: unknown): value is JsonRecord => typeof value === 'object' && value !== null && !Array.isArray(value);

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length;

/** Parsed JSON from a client: an object of at most 8 KiB that nests at most 8 deep, whose texts can all be stored. */
export const ChatMetadata = z
  .unknown()
  .meta({ type: 'object', description: `At most ${MAX_METADATA_BYTES} bytes, at most ${MAX_METADATA_DEPTH} deep` })
  .transform((value, context): JsonRecord => {
    const within = isRecord(value) ? problemWithin(value) : 'must be an object';
    const problem = within === null && bytesOf(value) > MAX_METADATA_BYTES ? `must have at most ${MAX_METADATA_BYTES} bytes` : within;
    if (problem === null) return value as JsonRecord;
    context.addIssue({ code: 'custom', message: problem });
    return z.NEVER;
  });

/** What a message says, whoever sends it. */
export const messageFields = {
  content: storableText(MAX_CONTENT_LENGTH),
  attachmentUrl: HttpsUrl.optional(),
  attachmentType: storableText(128).optional(),
  metadata: ChatMetadata.optional(),
  clientMessageId: storableText(128).min(1).optional(),
};

/** Only an attachment may go without words. */
export const saysSomething = ({ content, attachmentUrl }: { content: string; attachmentUrl?: string | undefined }): boolean =>
  content.trim() !== '' || attachmentUrl !== undefined;

export const NOTHING_SAID = { path: ['content'], error: 'must not be empty without an attachment' };

/** What a client may say in a chat. */
export const SendMessage = z
  .object({ type: z.literal('send_message'), chatId: ChatId, messageType: MessageType.exclude(['system']), ...messageFields })
  .refine(saysSomething, NOTHING_SAID);
export type SendMessage = z.infer<typeof SendMessage>;

/** `takesSeat`: the session stays in the chat; until it leaves, its user needs no push of what is said there. */
export const OpenChat = z.object({ type: z.literal('open_chat'), chatId: ChatId, takesSeat: z.boolean().default(false) });

export const LeaveChat = z.object({ type: z.literal('leave_chat'), chatId: ChatId });

export const MarkRead = z.object({
  type: z.literal('mark_read'),
  chatId: ChatId,
  messageIds: z.array(MessageId).min(1).max(MAX_READ_TOGETHER),
});

/** Everything that a member may ask of a chat over a socket. A place among the joined is the gateway's to keep. */
export const ChatCommand = z.discriminatedUnion('type', [SendMessage, OpenChat, LeaveChat, MarkRead]);
export type ChatCommand = z.infer<typeof ChatCommand>;

export const ChatCommandEnvelope = z.object({
  /** Minted by the edge, the same at every attempt. */
  commandId: z.string().min(1).max(64),
  attempt: z.int().positive(),
  /** How much longer the edge waits for the answer, in milliseconds as of this attempt: after that it tells its client that it failed. */
  wantedForMs: z.number().nonnegative().optional(),
  actor: Actor,
  command: ChatCommand,
  requestId: RequestId.nullable(),
  traceparent: Traceparent.optional(),
});
export type ChatCommandEnvelope = z.infer<typeof ChatCommandEnvelope>;

export const ChatReply = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    result: z.discriminatedUnion('type', [
      z.object({ type: z.literal('message'), message: ChatMessage }),
      /** `members`: all users of the chat; `messages`: the last 50, fewer of very long ones, the oldest first. */
      z.object({ type: z.literal('chat'), chatId: ChatId, members: z.array(UserId), messages: z.array(ChatMessage) }),
      z.object({ type: z.literal('read'), chatId: ChatId, messageIds: z.array(MessageId), readAt: z.number() }),
      z.object({ type: z.literal('left'), chatId: ChatId }),
    ]),
  }),
  /** `field`: which field was wrong, where it was one. */
  z.object({ ok: z.literal(false), error: Refusal.extend({ field: z.string().optional() }) }),
]);
export type ChatReply = z.infer<typeof ChatReply>;

/** `POST /internal/chat-commands`; replies in the order of the commands. */
export const ChatCommandsRequest = z.object({ commands: z.array(ChatCommandEnvelope).min(1).max(256) });
export const ChatCommandsResponse = z.object({ replies: z.array(ChatReply) });

const happened = {
  /** Unique, and the same however often it is published. */
  id: z.string(),
  /** Epoch milliseconds of the database's clock. */
  at: z.number(),
  recipients: z.array(UserId),
  traceparent: Traceparent.optional(),
};

/** What happened around a chat, as it travels on the bus to each recipient's sessions. */
export const ChatEvent = z.discriminatedUnion('type', [
  z.object({
    ...happened,
    type: z.literal('message_sent'),
    message: ChatMessage,
    /** The session that sent it, which got its answer; null over REST. Its other sessions hear it too. */
    senderSessionId: SessionId.nullable(),
  }),
  z.object({
    ...happened,
    type: z.literal('messages_read'),
    chatId: ChatId,
    messageIds: z.array(MessageId),
    readBy: UserId,
    readAt: z.number(),
  }),
  /** Somebody is no member any more: told to those who stay, and to that person. */
  z.object({ ...happened, type: z.literal('member_removed'), chatId: ChatId, userId: UserId }),
  z.object({ ...happened, type: z.literal('order_updated'), orderId: z.string(), update: z.json() }),
  z.object({ ...happened, type: z.literal('receipt_shared'), orderId: z.string(), receiptUrl: z.string() }),
  /** The app's own event: `name` begins with `custom:`. */
  z.object({ ...happened, type: z.literal('custom'), name: z.string().startsWith('custom:'), data: z.record(z.string(), z.json()) }),
  /** A chat partner came, or lost the last session. Heard or lost. */
  z.object({ ...happened, type: z.literal('partner_online'), userId: UserId }),
  z.object({ ...happened, type: z.literal('partner_offline'), userId: UserId }),
]);
export type ChatEvent = z.infer<typeof ChatEvent>;
