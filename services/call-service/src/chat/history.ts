import { type ChatId, MessageId, type MessageView, messageViewFor, type UserId } from '@trunkline/contract';
import { z } from 'zod';
import type { ChatReader, MessageRange } from './chat-reader.ts';
import { type ChatFailure, refuse } from './chat-world.ts';
import { page, pageSize } from './paging.ts';

/** A page by its number, or what is before (older than) or after (newer than) a message. */
export const HistoryQuery = z
  .object({ page: page(), limit: pageSize(50), before: MessageId.optional(), after: MessageId.optional() })
  .refine(({ before, after }) => before === undefined || after === undefined, { path: ['after'], error: 'cannot go with before' });
export type HistoryQuery = z.infer<typeof HistoryQuery>;

export interface History {
  messages: MessageView[];
  total: number;
  page: number;
  limit: number;
}

const rangeOf = async (chats: ChatReader, chatId: ChatId, newest: number, query: HistoryQuery): Promise<MessageRange | ChatFailure> => {
  const { limit, before, after } = query;
  const cursor = before ?? after;
  if (cursor === undefined) {
    const upTo = newest - (query.page - 1) * limit;
    return { after: upTo - limit, upTo };
  }
  const seq = await chats.seqOf(chatId, cursor);
  if (seq === null) return refuse('parse_error', 'is not a message of this chat', before === undefined ? 'after' : 'before');
  return before === undefined ? { after: seq, upTo: seq + limit } : { after: seq - 1 - limit, upTo: seq - 1 };
};

/** A page of a chat's messages, newest first. */
export const readHistory = async (
  chats: ChatReader,
  chatId: ChatId,
  userId: UserId,
  query: HistoryQuery,
): Promise<{ ok: true; history: History } | ChatFailure> => {
  const seen = await chats.see(chatId, userId);
  if (!seen.ok) return seen;
  const { lastSeq } = seen.chat;
  const range = await rangeOf(chats, chatId, lastSeq, query);
  if ('ok' in range) return range;
  const messages = await chats.messages(chatId, range);
  return {
    ok: true,
    history: { messages: messages.map((message) => messageViewFor(message, userId)), total: lastSeq, page: query.page, limit: query.limit },
  };
};
