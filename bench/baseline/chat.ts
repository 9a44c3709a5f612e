import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { DefaultEventsMap, Namespace, Socket } from 'socket.io';

export interface ChatUser {
  userId: string;
  name: string;
}

type ChatSocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, ChatUser>;
export type ChatNamespace = Namespace<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, ChatUser>;

interface Asked {
  chat_id?: string;
  chatId?: string;
  message?: { content?: string; type?: string };
}

type Ack = ((answer: object) => void) | undefined;

const IS_MEMBER = { name: 'is_member', text: 'SELECT FROM chats WHERE id = $1 AND (user_id = $2 OR shopper_id = $2)' };
const HISTORY = { name: 'history', text: 'SELECT * FROM messages WHERE chat_id = $1 ORDER BY created_at DESC LIMIT 50' };
const INSERT_MESSAGE = {
  name: 'insert_message',
  text: 'INSERT INTO messages (id, chat_id, sender_id, content, type, created_at) VALUES ($1, $2, $3, $4, $5, now())',
};

/** Chats as most teams write them: a room for each, joined by its members, one row and one emit for each message. */
export const serveChats = (chats: ChatNamespace, pool: pg.Pool): void => {
  const join = async (socket: ChatSocket, chatId: string, ack: Ack): Promise<void> => {
    const { rowCount } = await pool.query({ ...IS_MEMBER, values: [chatId, socket.data.userId] });
    if (rowCount !== 1) return void ack?.({ ok: false, error: { code: 'unauthorized' } });
    await socket.join(chatId);
    const { rows } = await pool.query({ ...HISTORY, values: [chatId] });
    socket.emit('chat_history', { chat_id: chatId, messages: rows.reverse() });
    socket.to(chatId).emit('user_joined', { chatId, userId: socket.data.userId });
    ack?.({ ok: true });
  };

  const send = async (socket: ChatSocket, chatId: string, said: NonNullable<Asked['message']>, ack: Ack): Promise<void> => {
    // Who joined is a member: that was checked then.
    if (!socket.rooms.has(chatId)) return void ack?.({ ok: false, error: { code: 'unauthorized' } });
    const { userId } = socket.data;
    const { content = '', type = 'text' } = said;
    const id = randomUUID();
    await pool.query({ ...INSERT_MESSAGE, values: [id, chatId, userId, content, type] });
    const message = { id, chat_id: chatId, sender_id: userId, content, type, created_at: new Date().toISOString() };
    socket.to(chatId).emit('new_message', message);
    ack?.({ ok: true, message });
  };

  chats.on('connection', (socket) => {
    const failed = (error: unknown): void => void socket.emit('error', { code: 'service_error', message: String(error) });
    socket.on('join_chat', ({ chat_id, chatId }: Asked, ack: Ack) => void join(socket, chatId ?? chat_id ?? '', ack).catch(failed));
    socket.on(
      'send_message',
      ({ chat_id, chatId, message = {} }: Asked, ack: Ack) => void send(socket, chatId ?? chat_id ?? '', message, ack).catch(failed),
    );
    socket.emit('connected', { userId: socket.data.userId, role: 'user', timestamp: new Date().toISOString() });
  });
};
