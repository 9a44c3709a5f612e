import type { Rest } from '../rest/rest.ts';
import type { Chat, ChatMessage } from './chat-wire.ts';

export interface NewChat {
  readonly orderId: string;
  readonly userId: string;
  readonly shopperId: string;
  readonly initialMessage?: string;
}

export interface ChatPage {
  /** From 1. */
  readonly page?: number | undefined;
  readonly limit?: number | undefined;
}

export interface MessagePage extends ChatPage {
  /** The id of a message: those before it, or after it. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** Chats over REST. Each throws TrunklineError. */
export interface ChatsApi {
  /** The chat of that order and these two, made where there is none. */
  create(chat: NewChat): Promise<Chat>;
  list(page?: ChatPage): Promise<{ readonly chats: readonly Chat[]; readonly total: number }>;
  /** Newest first. */
  messages(chatId: string, page?: MessagePage): Promise<{ readonly messages: readonly ChatMessage[]; readonly total: number }>;
}

export const chatsApi = (rest: Rest): ChatsApi => ({
  create: ({ orderId, userId, shopperId, initialMessage }) =>
    rest.plain({
      method: 'POST',
      path: '/v1/chat',
      body: { order_id: orderId, user_id: userId, shopper_id: shopperId, initial_message: initialMessage },
    }),
  list: ({ page, limit } = {}) => rest.plain({ method: 'GET', path: '/v1/chat/my-chats', query: { page, limit } }),
  messages: (chatId, { page, limit, before, after } = {}) =>
    rest.plain({ method: 'GET', path: `/v1/chat/${encodeURIComponent(chatId)}/messages`, query: { page, limit, before, after } }),
});
