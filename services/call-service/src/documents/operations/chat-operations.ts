import { MarkRead, MessageView, SendMessage } from '@trunkline/contract';
import { z } from 'zod';
import { CreateChat } from '../../chat/chat-bodies.ts';
import { ChatView } from '../../chat/chat-views.ts';
import { HistoryQuery } from '../../chat/history.ts';
import { MyChatsQuery } from '../../chat/my-chats.ts';
import { SearchQuery } from '../../chat/search.ts';
import type { Operations } from '../operation.ts';

const page = { page: z.int(), limit: z.int() };

const { content, attachmentUrl, attachmentType, metadata, clientMessageId, messageType } = SendMessage.shape;
const SentMessage = z.object({
  content: content.default(''),
  type: messageType.default('text'),
  attachmentUrl,
  attachmentType,
  metadata,
  clientMessageId,
});

const ChatWithMembers = ChatView.extend({ members: z.array(z.object({ user_id: z.string(), role: z.string() })) }).meta({
  id: 'ChatWithMembers',
});

export const CHAT_OPERATIONS: Operations = {
  'POST /v1/chat': {
    tag: 'chats',
    summary: 'Open the chat of an order and its two members',
    description: 'There is one for each order and pair: who asks again gets the same, whatever the `Idempotency-Key`, which is not heeded.',
    asks: 'user_or_server',
    body: CreateChat,
    snakeCase: true,
    answers: { 200: { what: 'The chat that was there', schema: ChatView }, 201: { what: 'The new chat', schema: ChatView } },
    refusals: ['unauthorized'],
  },
  'GET /v1/chat/my-chats': {
    tag: 'chats',
    summary: 'One’s chats, the most recently written in first',
    asks: 'user',
    query: MyChatsQuery,
    answers: {
      200: {
        what: 'A page; next_cursor is null where there is no older chat',
        schema: z.object({ chats: z.array(ChatView), total: z.int(), ...page, next_cursor: z.string().nullable() }),
      },
    },
  },
  'GET /v1/chat/search': {
    tag: 'chats',
    summary: 'Messages with all words of q, newest first',
    asks: 'user',
    query: SearchQuery,
    answers: { 200: { what: 'A page', schema: z.object({ messages: z.array(MessageView), ...page, has_more: z.boolean() }) } },
    refusals: ['unauthorized'],
  },
  'POST /v1/chat/:chatId/messages': {
    tag: 'chats',
    summary: 'Say something',
    asks: 'user',
    body: SentMessage,
    snakeCase: true,
    idempotent: true,
    answers: { 201: { what: 'The message as it is stored', schema: MessageView } },
    refusals: ['chat_not_found', 'unauthorized', 'invalid_status', 'conflict'],
  },
  'GET /v1/chat/:chatId/messages': {
    tag: 'chats',
    summary: 'The messages of a chat, newest first',
    asks: 'user',
    query: z.object(HistoryQuery.shape),
    answers: { 200: { what: 'A page', schema: z.object({ messages: z.array(MessageView), total: z.int(), ...page }) } },
    refusals: ['chat_not_found', 'unauthorized'],
  },
  'PUT /v1/chat/:chatId/messages/read': {
    tag: 'chats',
    summary: 'Mark messages as read',
    description: 'Marking again changes nothing, whatever the `Idempotency-Key`, which is not heeded.',
    asks: 'user',
    body: MarkRead.pick({ messageIds: true }),
    snakeCase: true,
    answers: {
      200: {
        what: 'What is read now',
        schema: z.object({
          chat_id: z.uuid(),
          message_ids: z.array(z.uuid()),
          read_by: z.string(),
          read_at: z.iso.datetime(),
          unread_count: z.int(),
        }),
      },
    },
    refusals: ['chat_not_found', 'unauthorized'],
  },
  'GET /v1/chat/:chatId': {
    tag: 'chats',
    summary: 'One chat and its members',
    asks: 'user',
    answers: { 200: { what: 'The chat', schema: ChatWithMembers } },
    refusals: ['chat_not_found', 'unauthorized'],
  },
  'POST /v1/chat/:chatId/archive': {
    tag: 'chats',
    summary: 'Close a chat: it can be read, and nobody may write',
    asks: 'user',
    answers: { 200: { what: 'The chat', schema: ChatView } },
    refusals: ['chat_not_found', 'unauthorized'],
  },
};
