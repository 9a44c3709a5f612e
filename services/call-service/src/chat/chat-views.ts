import { type ChatMessage, contentFor, MessageView } from '@trunkline/contract';
import { z } from 'zod';
import type { ChatRecord } from './chat-world.ts';

/** The last message of a chat, as its list shows it. */
const LastMessageView = MessageView.pick({ id: true, content: true, type: true, sender_role: true, created_at: true }).meta({
  id: 'LastMessage',
});
type LastMessageView = z.infer<typeof LastMessageView>;

/** A chat as one of its members sees it. Times are ISO 8601. */
export const ChatView = z
  .object({
    id: z.uuid(),
    order_id: z.string(),
    user_id: z.string(),
    shopper_id: z.string(),
    status: z.string(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    last_message: LastMessageView.nullable(),
    unread_count: z.int(),
  })
  .meta({ id: 'Chat' });
export type ChatView = z.infer<typeof ChatView>;

const lastMessageView = (message: ChatMessage, viewerId: string): LastMessageView => ({
  id: message.id,
  content: contentFor(message, viewerId),
  type: message.type,
  sender_role: message.senderRole,
  created_at: new Date(message.createdAt).toISOString(),
});

export const chatViewFor = (chat: ChatRecord, unreadCount: number, last: ChatMessage | null, viewerId: string): ChatView => ({
  id: chat.id,
  order_id: chat.orderId,
  user_id: chat.userId,
  shopper_id: chat.shopperId,
  status: chat.status,
  created_at: new Date(chat.createdAt).toISOString(),
  updated_at: new Date(chat.updatedAt).toISOString(),
  last_message: last === null ? null : lastMessageView(last, viewerId),
  unread_count: unreadCount,
});
