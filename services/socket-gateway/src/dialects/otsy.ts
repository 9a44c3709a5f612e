import {
  type ChatEvent,
  type ChatId,
  type ChatMessage,
  type ChatReply,
  type MessageId,
  messageViewFor,
  type RequestId,
  refusal,
  storablePart,
  type UnreadChat,
  type UserId,
} from '@trunkline/contract';
import type { z } from 'zod';
import { closingEvent } from './closing-event.ts';
import type { Answer, EventFrame } from './dialect.ts';
import { isoTime } from './json-frames.ts';
import { type ChatAsk, OTSY_WORDS, readFields, requestIdIn, type Spelling, spelled } from './otsy-words.ts';

export type ChatRefusal = Extract<ChatReply, { ok: false }>['error'];

/** The answer to what a client asked. */
export type ChatAnswer =
  | { readonly ok: true; readonly done: 'message'; readonly message: ChatMessage }
  | { readonly ok: true; readonly done: 'read'; readonly messageIds: readonly MessageId[]; readonly readAt: number }
  | { readonly ok: true; readonly done: 'nothing to tell' }
  | { readonly ok: false; readonly error: ChatRefusal };

/** What sessions tell each other, past call-service: heard or lost. */
export type ChatHint =
  | { readonly type: 'joined' | 'left'; readonly chatId: ChatId; readonly userId: UserId; readonly at: number }
  | { readonly type: 'typing'; readonly chatId: ChatId; readonly userId: UserId; readonly isTyping: boolean };

/** What one session is told. */
export type ChatTelling =
  | ChatEvent
  | ChatHint
  | { readonly type: 'connected'; readonly userId: UserId; readonly role: string | null; readonly at: number }
  | { readonly type: 'unread'; readonly chats: readonly UnreadChat[] }
  | { readonly type: 'history'; readonly chatId: ChatId; readonly messages: readonly ChatMessage[] };

/** What one client frame means. `refused` says what was wrong with it, as the client spells it. */
export type DecodedAsk = { readonly requestId: RequestId | null } & (
  | { readonly ask: ChatAsk; readonly spelling: Spelling }
  | { readonly refused: ChatRefusal }
);

const LONGEST_WORD = 40;
/** Of who has none in the token. */
const PLAIN_ROLE = 'user';

const unreadable = (message: string, requestId: RequestId | null = null, field?: string): DecodedAsk => ({
  requestId,
  refused: { ...refusal('parse_error', { message }), ...(field === undefined ? {} : { field }) },
});

/** The first thing that is wrong, by the client's name of its field. */
const wrongField = ({ issues: [issue] }: z.ZodError, requestId: RequestId | null, spelling: Spelling): DecodedAsk => {
  const names = issue?.path.filter((part) => typeof part === 'string') ?? [];
  const name = names.at(-1);
  if (issue === undefined || name === undefined) return unreadable('The payload is not understood', requestId);
  const field = spelled(name, spelling);
  // As over REST: an id that no chat can have is no chat's.
  if (name === 'chatId' && issue.code === 'invalid_format') return { requestId, refused: { ...refusal('chat_not_found'), field } };
  return unreadable(`${field}: ${issue.message}`, requestId, field);
};

const decode = ({ event, body }: EventFrame): DecodedAsk => {
  if (event === null) return unreadable('The packet is malformed, binary or nested too deeply');
  const words = OTSY_WORDS.get(event);
  if (words === undefined) return unreadable(`There is no event "${storablePart(event, LONGEST_WORD)}"`);
  const read = readFields(event, body);
  if (read === null) return unreadable(`The payload of "${event}" must be an object`);
  const { fields, spelling } = read;
  const requestId = requestIdIn(fields);
  if (requestId === 'malformed') {
    const field = spelled('requestId', spelling);
    return unreadable(`${field}: must be text of 1–128 characters`, null, field);
  }
  const { success, data, error } = words.safeParse(fields);
  return success ? { requestId, ask: data, spelling } : wrongField(error, requestId, spelling);
};

/** The same answer, its field as the client spells it in what it asked. */
const asSpelled = (answer: ChatAnswer, spelling: Spelling): ChatAnswer => {
  if (answer.ok || answer.error.field === undefined) return answer;
  return { ok: false, error: { ...answer.error, field: spelled(answer.error.field, spelling) } };
};

const encode = (telling: ChatTelling, viewerId: UserId): EventFrame => {
  switch (telling.type) {
    case 'connected':
      return { event: 'connected', body: { userId: telling.userId, role: telling.role ?? PLAIN_ROLE, timestamp: isoTime(telling.at) } };
    case 'unread': {
      const chats = telling.chats.map(({ chatId, unreadCount }) => ({ chat_id: chatId, unread_count: unreadCount }));
      return { event: 'unread_counts', body: { chats } };
    }
    case 'history': {
      const messages = telling.messages.map((message) => messageViewFor(message, viewerId));
      return { event: 'chat_history', body: { chat_id: telling.chatId, messages } };
    }
    case 'joined':
      return { event: 'user_joined', body: { chatId: telling.chatId, userId: telling.userId, timestamp: isoTime(telling.at) } };
    case 'left':
    case 'member_removed':
      return { event: 'user_left', body: { chatId: telling.chatId, userId: telling.userId, timestamp: isoTime(telling.at) } };
    case 'typing': {
      const { chatId, userId, isTyping } = telling;
      return { event: 'typing_indicator', body: { chatId, userId, action: isTyping ? 'start' : 'stop' } };
    }
    case 'message_sent':
      return { event: 'new_message', body: messageViewFor(telling.message, viewerId) };
    case 'messages_read': {
      const { chatId, messageIds, readBy, readAt } = telling;
      return { event: 'messages_read', body: { chatId, messageIds, readBy, readAt: isoTime(readAt) } };
    }
    case 'order_updated':
      return { event: 'order_update', body: { orderId: telling.orderId, update: telling.update } };
    case 'receipt_shared':
      return { event: 'receipt_shared', body: { orderId: telling.orderId, receiptUrl: telling.receiptUrl } };
    case 'custom':
      return { event: telling.name, body: telling.data };
    case 'partner_online':
      return { event: 'user_online', body: { userId: telling.userId, timestamp: isoTime(telling.at) } };
    case 'partner_offline':
      return { event: 'user_offline', body: { userId: telling.userId, timestamp: isoTime(telling.at) } };
  }
};

const errorOf = ({ code, message, field }: ChatRefusal) => ({ code, message, ...(field === undefined ? {} : { field }) });

const acknowledgementOf = (answer: ChatAnswer, viewerId: UserId): object => {
  if (!answer.ok) return { ok: false, error: errorOf(answer.error) };
  switch (answer.done) {
    case 'message':
      return { ok: true, message: messageViewFor(answer.message, viewerId) };
    case 'read':
      return { ok: true, message_ids: answer.messageIds, read_at: isoTime(answer.readAt) };
    case 'nothing to tell':
      return { ok: true };
  }
};

const answer = (given: ChatAnswer, viewerId: UserId, acknowledges: boolean): Answer<EventFrame> => {
  if (acknowledges) return { acknowledgement: acknowledgementOf(given, viewerId) };
  return given.ok ? null : { frame: { event: 'error', body: errorOf(given.error) } };
};

/**
 * Socket.IO on `/chat`, as the Otsy apps speak it: pure translation, which MUST NOT throw on any input.
 * See docs/dialects/otsy.md.
 */
export const otsy = { name: 'otsy', decode, encode, asSpelled, answer, closing: closingEvent } as const;
