import { type ChatMessage, contentFor } from '@trunkline/contract';
import type { ChatRecord } from './chat-world.ts';

/** The last message of a chat, as its list shows it. */
export interface LastMessageView {
  id: string;
  content: string;
  type: string;
  sender_role: string | null;
  created_at: string;
}

/** A chat as one of its members sees it. Times are ISO 8601. */
export interface ChatView {
  id: string;
  order_id: string;
  user_id: string;
  shopper_id: string;
  status: string;
  created_at: string;
  updated_at: string;
  last_message: LastMessageView | null;
  unread_count: number;
}

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
