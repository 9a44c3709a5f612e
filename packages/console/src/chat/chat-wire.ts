import type { ChatMessage, Client } from '@trunkline/client';
import { io, type Socket } from 'socket.io-client';
import { mintId } from '../mint-id.ts';
import type { WireOptions } from '../wires/wire.ts';

export interface ChatListener {
  onMessage(message: ChatMessage): void;
  onHistory(chatId: string, messages: readonly ChatMessage[]): void;
  onTyping(chatId: string, userId: string, isTyping: boolean): void;
  onRead(messageIds: readonly string[], readAt: string): void;
}

/** One device's chats. */
export interface ChatWire {
  /** The chat of these two people, made where there is none. @throws where it cannot be had */
  open(userId: string, peerId: string): Promise<string>;
  join(chatId: string): Promise<void>;
  send(chatId: string, content: string): Promise<void>;
  typing(chatId: string, isTyping: boolean): void;
  markRead(chatId: string, messageIds: readonly string[]): Promise<void>;
  close(): void;
}

const ORDER = 'playground';

/** A chat belongs to an order and two roles in it: here, to either of two people alike. */
const chatOf = (userId: string, peerId: string) => {
  const [first, second] = userId < peerId ? [userId, peerId] : [peerId, userId];
  return { orderId: `${ORDER}-${first}-${second}`.slice(0, 120), userId: first, shopperId: second };
};

type Log = WireOptions['log'];

/** The words for what the library tells. */
const HEARD = {
  message: 'new_message',
  history: 'chat_history',
  typing: 'typing_indicator',
  read: 'messages_read',
  joined: 'user_joined',
  left: 'user_left',
  unread: 'unread_counts',
} as const;

/** By way of the client library, over the connection that its calls have. */
export const libraryChat = ({ chat }: Client, listener: ChatListener, log: Log): ChatWire => {
  for (const name of Object.keys(HEARD) as (keyof typeof HEARD)[])
    chat.on(name, (body: unknown) => log({ direction: 'in', word: HEARD[name], body }));
  const say = (word: string, body: object): void => log({ direction: 'out', word, body });
  chat.on('message', (message) => listener.onMessage(message));
  chat.on('history', ({ chatId, messages }) => listener.onHistory(chatId, messages));
  chat.on('typing', ({ chatId, userId, isTyping }) => listener.onTyping(chatId, userId, isTyping));
  chat.on('read', ({ messageIds, readAt }) => listener.onRead(messageIds, readAt));
  return {
    open: async (userId, peerId) => (await chat.chats.create(chatOf(userId, peerId))).id,
    join: (chatId) => {
      say('join_chat', { chatId });
      return chat.join(chatId);
    },
    send: async (chatId, content) => {
      say('send_message', { chatId, content });
      await chat.send(chatId, { content });
    },
    typing: (chatId, isTyping) => {
      say('typing_indicator', { chatId, isTyping });
      chat.typing(chatId, isTyping);
    },
    markRead: (chatId, messageIds) => {
      say('mark_messages_read', { chatId, messageIds });
      return chat.markRead(chatId, messageIds);
    },
    close: () => undefined,
  };
};

export interface SocketChatOptions {
  readonly url: string;
  readonly restUrl: string;
  getToken(): Promise<string | null>;
  log: Log;
  readonly listener: ChatListener;
}

const ANSWER_PATIENCE_MS = 8000;

const ask = async (socket: Socket, word: string, body: object): Promise<void> => {
  const { ok, error } = await socket.timeout(ANSWER_PATIENCE_MS).emitWithAck(word, body);
  if (!ok) throw new Error(error?.message ?? word);
};

/** A socket of its own, for the dialects that have no word for chats. */
export const socketChat = ({ url, restUrl, getToken, log, listener }: SocketChatOptions): ChatWire => {
  const auth = (give: (data: object) => void): void => void getToken().then((token) => give({ token }));
  const socket = io(`${url}/chat`, { auth, transports: ['websocket'], forceNew: true, reconnectionDelayMax: 4000 });
  socket.onAny((word: string, body: unknown) => log({ direction: 'in', word, body }));
  socket.onAnyOutgoing((word: string, body: unknown) => log({ direction: 'out', word, body }));
  const joined = new Set<string>();
  const join = (chatId: string): Promise<void> => ask(socket, 'join_chat', { chat_id: chatId });
  socket.on('connect', () => {
    for (const chatId of joined) void join(chatId).catch(() => undefined);
  });
  socket.on('new_message', (message: ChatMessage) => listener.onMessage(message));
  socket.on('chat_history', (body: { chat_id: string; messages: ChatMessage[] }) => listener.onHistory(body.chat_id, body.messages));
  socket.on('typing_indicator', (body: { chatId: string; userId: string; action: string }) =>
    listener.onTyping(body.chatId, body.userId, body.action === 'start'),
  );
  socket.on('messages_read', (body: { messageIds: string[]; readAt: string }) => listener.onRead(body.messageIds, body.readAt));
  return {
    open: async (userId, peerId) => {
      const { orderId, userId: user, shopperId } = chatOf(userId, peerId);
      const headers = { authorization: `Bearer ${await getToken()}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ order_id: orderId, user_id: user, shopper_id: shopperId });
      const response = await fetch(`${restUrl}/v1/chat`, { method: 'POST', headers, body });
      if (!response.ok) throw new Error(`The chat could not be opened (${response.status})`);
      return ((await response.json()) as { id: string }).id;
    },
    join: async (chatId) => {
      joined.add(chatId);
      await join(chatId);
    },
    send: (chatId, content) => ask(socket, 'send_message', { chatId, message: { content, type: 'text', client_message_id: mintId() } }),
    typing: (chatId, isTyping) => void socket.emit('typing_indicator', { chat_id: chatId, action: isTyping ? 'start' : 'stop' }),
    markRead: (chatId, messageIds) => ask(socket, 'mark_messages_read', { chatId, messageIds }),
    close: () => void socket.disconnect(),
  };
};
