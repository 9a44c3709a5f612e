import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ChatEvents, type ChatMessage, type Client, connect } from '../src/index.ts';

// A stand-in for the server's `/chat`, which says and hears literally what the specification writes.

type Answer = (event: string, body: Record<string, unknown>) => unknown;

interface Heard {
  readonly name: keyof ChatEvents;
  readonly event: unknown;
}

const messageOf = (id: string, content: string, clientMessageId: string | null = null): ChatMessage => ({
  id,
  chat_id: 'c',
  sender_id: 'ana',
  sender_role: 'user',
  content,
  type: 'text',
  attachment_url: null,
  attachment_type: null,
  metadata: null,
  client_message_id: clientMessageId,
  created_at: '2024-01-01T00:00:00.000Z',
  read_at: null,
});

const startServer = async () => {
  const http = createServer();
  const io = new Server(http);
  const asked: [string, unknown][] = [];
  let answer: Answer = () => ({ ok: true });
  io.of('/').on('connection', (socket) => socket.onAny((_event, _body, acknowledge) => acknowledge({ ok: true })));
  io.of('/chat').on('connection', (socket) => {
    socket.emit('connected', { userId: 'ben', role: 'user', timestamp: '' });
    socket.onAny((event, { requestId, ...body }, acknowledge) => {
      asked.push([event, body]);
      const answered = answer(event, body);
      if (answered !== undefined) acknowledge(answered);
    });
  });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    asked,
    /** `undefined`: the answer is lost. */
    answers: (given: Answer) => {
      answer = given;
    },
    tell: (event: string, body: unknown) => io.of('/chat').emit(event, body),
    connections: () => io.engine.clientsCount,
    loseAll: () => {
      for (const socket of io.of('/').sockets.values()) socket.conn.close();
    },
    close: () => io.close(),
  };
};

const NAMES = [
  'message',
  'history',
  'typing',
  'read',
  'joined',
  'left',
  'presence',
  'unread',
  'orderUpdate',
  'receiptShared',
  'custom',
  'error',
] as const;

let server: Awaited<ReturnType<typeof startServer>>;
let client: Client;
let heard: Heard[];
const hears = (count: number) => expect.poll(() => heard.length).toBe(count);

beforeEach(async () => {
  server = await startServer();
  client = connect({ url: server.url, token: 'T', ackTimeoutMs: 1000, reconnect: { maxMs: 50, busyMs: 20 } });
  heard = [];
  for (const name of NAMES) client.chat.on(name, (event) => heard.push({ name, event }));
});
afterEach(async () => {
  client.close();
  await server.close();
});

it('what a member does goes out as the specification writes it, over the connection of the calls', async () => {
  const stored = messageOf('m1', 'Hello!', 'mine');
  server.answers((event) => (event === 'send_message' ? { ok: true, message: stored } : { ok: true }));
  const { chat } = client;
  await chat.join('c');
  expect(await chat.send('c', { content: 'Hello!', clientMessageId: 'mine' })).toEqual(stored);
  await chat.send('c', {
    content: '',
    type: 'image',
    attachmentUrl: 'https://e.example/i.jpg',
    attachmentType: 'image/jpeg',
    metadata: { n: 1 },
  });
  chat.typing('c', true);
  chat.typing('c', false);
  await chat.markRead('c', ['m1', 'm2']);
  await chat.leave('c');
  expect(server.asked).toEqual([
    ['join_chat', { chat_id: 'c' }],
    ['send_message', { chatId: 'c', message: { content: 'Hello!', type: 'text', client_message_id: 'mine' } }],
    [
      'send_message',
      {
        chatId: 'c',
        message: {
          content: '',
          type: 'image',
          attachment_url: 'https://e.example/i.jpg',
          attachment_type: 'image/jpeg',
          metadata: { n: 1 },
          client_message_id: expect.any(String),
        },
      },
    ],
    ['typing_indicator', { chat_id: 'c', action: 'start' }],
    ['typing_indicator', { chat_id: 'c', action: 'stop' }],
    ['mark_messages_read', { chatId: 'c', messageIds: ['m1', 'm2'] }],
    ['leave_chat', { chat_id: 'c' }],
  ]);
  expect(server.connections()).toBe(1);
});

it('what a server says becomes events, a message once', async () => {
  await client.chat.join('c');
  server.tell('chat_history', { chat_id: 'c', messages: [messageOf('m1', 'old')] });
  for (const id of ['m1', 'm2', 'm2']) server.tell('new_message', messageOf(id, 'new'));
  server.tell('user_joined', { chatId: 'c', userId: 'ana', timestamp: '' });
  server.tell('typing_indicator', { chatId: 'c', userId: 'ana', action: 'start' });
  server.tell('typing_indicator', { chatId: 'c', userId: 'ana', action: 'stop' });
  server.tell('messages_read', { chatId: 'c', messageIds: ['m1'], readBy: 'ana', readAt: 'then' });
  server.tell('user_left', { chatId: 'c', userId: 'ana', timestamp: '' });
  server.tell('user_online', { userId: 'ana', timestamp: '' });
  server.tell('user_offline', { userId: 'ana', timestamp: '' });
  server.tell('unread_counts', { chats: [{ chat_id: 'c', unread_count: 2 }] });
  server.tell('order_update', { orderId: 'o', update: { status: 'shopping' } });
  server.tell('receipt_shared', { orderId: 'o', receiptUrl: 'https://e.example/r' });
  server.tell('custom:offer', { price: 5 });
  server.tell('toString', {});
  server.tell('error', { code: 'parse_error', message: 'no' });
  await hears(14);
  expect(heard).toEqual([
    { name: 'history', event: { chatId: 'c', messages: [messageOf('m1', 'old')] } },
    { name: 'message', event: messageOf('m2', 'new') },
    { name: 'joined', event: { chatId: 'c', userId: 'ana' } },
    { name: 'typing', event: { chatId: 'c', userId: 'ana', isTyping: true } },
    { name: 'typing', event: { chatId: 'c', userId: 'ana', isTyping: false } },
    { name: 'read', event: { chatId: 'c', messageIds: ['m1'], readBy: 'ana', readAt: 'then' } },
    { name: 'left', event: { chatId: 'c', userId: 'ana' } },
    { name: 'presence', event: { userId: 'ana', online: true } },
    { name: 'presence', event: { userId: 'ana', online: false } },
    { name: 'unread', event: { chats: [{ chatId: 'c', unreadCount: 2 }] } },
    { name: 'orderUpdate', event: { orderId: 'o', update: { status: 'shopping' } } },
    { name: 'receiptShared', event: { orderId: 'o', receiptUrl: 'https://e.example/r' } },
    { name: 'custom', event: { name: 'custom:offer', data: { price: 5 } } },
    { name: 'error', event: { error: expect.objectContaining({ code: 'parse_error' }) } },
  ]);
});

it('a message whose answer was lost is sent again as the same one, and after a loss the chats are joined again', async () => {
  await client.chat.join('c');
  let losses = 2;
  server.answers((event) => {
    if (event !== 'send_message') return { ok: true };
    losses -= 1;
    if (losses === 0) server.loseAll();
    return losses >= 0 ? undefined : { ok: true, message: messageOf('m1', 'Hello!') };
  });
  const message = await client.chat.send('c', { content: 'Hello!' });
  expect(message.id).toBe('m1');
  const sent = server.asked.filter(([event]) => event === 'send_message').map(([, body]) => body);
  expect(sent).toEqual([sent[0], sent[0], sent[0]]);
  await expect.poll(() => server.asked.filter(([event]) => event === 'join_chat').length).toBe(2);
});

it('a refusal names the field, and a chat that could not be joined is not joined again', async () => {
  server.answers(() => ({ ok: false, error: { code: 'parse_error', message: 'content: is empty', field: 'content' } }));
  await expect(client.chat.send('c', { content: '' })).rejects.toMatchObject({ code: 'parse_error', field: 'content' });
  await expect(client.chat.join('c')).rejects.toMatchObject({ code: 'parse_error' });
  server.asked.length = 0;
  server.answers(() => ({ ok: true }));
  server.loseAll();
  await client.chat.markRead('c', ['m']);
  expect(server.asked.map(([event]) => event)).toEqual(['mark_messages_read']);
});

it('what waits when the client is closed is rejected, and what comes after', async () => {
  server.answers(() => undefined);
  const sending = client.chat.send('c', { content: 'Hello!' });
  client.close();
  await expect(sending).rejects.toMatchObject({ code: 'closed' });
  await expect(client.chat.join('c')).rejects.toMatchObject({ code: 'closed', wasSent: false });
  using never = connect({ url: server.url, token: 'T' });
  never.close();
  await expect(never.chat.send('c', { content: 'Hello!' })).rejects.toMatchObject({ code: 'closed', wasSent: false });
});

it('a client that is closed as it connects opens no chats, which nobody would close', async () => {
  client.on('connection', ({ status }) => {
    if (status === 'connected') client.close();
  });
  await expect.poll(() => client.connection.status).toBe('closed');
  using later = connect({ url: server.url, token: 'T' });
  await later.chat.join('c');
  expect(server.connections()).toBe(1);
});
