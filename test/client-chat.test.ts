import { randomUUID } from 'node:crypto';
import type { ChatEvents, ChatMessage, Client } from '@trunkline/client';
import { startPushStandIn } from '@trunkline/push-stand-in';
import { type System, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backendOf, openRoom, startChatSystem } from './chat-room.ts';
import { clientPhone } from './client-phones.ts';

const PATIENCE_MS = 60_000;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

let system: System;

beforeAll(async () => {
  system = await startChatSystem({ asProcesses: ['socket-gateway'], settings: { WEB_PUSH_ALLOW_INSECURE: '1' } });
});
afterAll(() => system[Symbol.asyncDispose]());

const EVENTS: Readonly<Record<keyof ChatEvents, true>> = {
  message: true,
  history: true,
  typing: true,
  read: true,
  joined: true,
  left: true,
  presence: true,
  unread: true,
  orderUpdate: true,
  receiptShared: true,
  custom: true,
  error: true,
};

type Told = { readonly [Name in keyof ChatEvents]: { readonly name: Name; readonly event: ChatEvents[Name] } }[keyof ChatEvents];

/** An app with a chat open, which writes down all that it hears of chats. */
const chatter = async (gateways: readonly number[], userId: string, options: Parameters<typeof clientPhone>[3] = {}) => {
  const { client, [Symbol.dispose]: dispose } = await clientPhone(system, gateways, userId, options);
  const told: Told[] = [];
  for (const name of Object.keys(EVENTS) as (keyof ChatEvents)[]) client.chat.on(name, (event) => told.push({ name, event } as Told));
  const eventsOf = <Name extends keyof ChatEvents>(name: Name): ChatEvents[Name][] =>
    told.flatMap((one) => (one.name === name ? [one.event as ChatEvents[Name]] : []));
  return {
    client,
    chat: client.chat,
    eventsOf,
    contents: () => eventsOf('message').map(({ content }) => content),
    hears: <Name extends keyof ChatEvents>(name: Name, matches: (event: ChatEvents[Name]) => boolean = () => true) =>
      until(`${userId} hears ${name}`, () => eventsOf(name).find(matches)),
    [Symbol.dispose]: dispose,
  };
};

describe('a chat between two clients on two gateways', () => {
  it('is joined, written in, seen typing and read, and both have the same messages', async () => {
    const { chatId, userId, shopperId } = await openRoom(system);
    using user = await chatter([0], userId, { claims: { role: 'user' } });
    using shopper = await chatter([1], shopperId, { claims: { role: 'shopper' } });
    await user.chat.join(chatId);
    await shopper.chat.join(chatId);
    expect(await user.hears('joined')).toEqual({ chatId, userId: shopperId });
    expect(user.eventsOf('history')).toEqual([{ chatId, messages: [] }]);

    user.chat.typing(chatId, true);
    expect(await shopper.hears('typing')).toEqual({ chatId, userId, isTyping: true });
    const metadata = { list: ['milk'] };
    const said = await user.chat.send(chatId, { content: 'Hello!', metadata, clientMessageId: 'mine' });
    const expected: ChatMessage = {
      id: expect.any(String),
      chat_id: chatId,
      sender_id: userId,
      sender_role: 'user',
      content: 'Hello!',
      type: 'text',
      attachment_url: null,
      attachment_type: null,
      metadata,
      client_message_id: 'mine',
      created_at: expect.stringMatching(ISO) as string,
      read_at: null,
    };
    expect(said).toEqual(expected);
    for (const one of [user, shopper]) expect(await one.hears('message')).toEqual(said);
    user.chat.typing(chatId, false);
    await shopper.hears('typing', ({ isTyping }) => !isTyping);

    await shopper.chat.markRead(chatId, [said.id]);
    const read = { chatId, messageIds: [said.id], readBy: shopperId, readAt: expect.stringMatching(ISO) };
    for (const one of [user, shopper]) expect(await one.hears('read')).toEqual(read);
    const picture = { content: '', type: 'image', attachmentUrl: 'https://e.example/i.jpg', attachmentType: 'image/jpeg' } as const;
    await shopper.chat.send(chatId, picture);
    const seen = await user.hears('message', ({ type }) => type === 'image');
    expect(seen).toMatchObject({ attachment_url: picture.attachmentUrl, attachment_type: picture.attachmentType, sender_role: 'shopper' });

    await shopper.chat.leave(chatId);
    expect(await user.hears('left')).toEqual({ chatId, userId: shopperId });
    expect([user.contents(), shopper.contents()]).toEqual([
      ['Hello!', ''],
      ['Hello!', ''],
    ]);
    expect([...user.eventsOf('error'), ...shopper.eventsOf('error')]).toEqual([]);
  });

  it('tells who comes and goes, and what the backend says', async () => {
    const { chatId, userId, shopperId } = await openRoom(system);
    using user = await chatter([0], userId);
    // Who is told of it is in the chats' namespace by then.
    await user.chat.join(chatId);
    const shopper = await chatter([1], shopperId);
    expect(await user.hears('presence')).toEqual({ userId: shopperId, online: true });
    shopper[Symbol.dispose]();
    expect(await user.hears('presence', ({ online }) => !online)).toEqual({ userId: shopperId, online: false });
    const events = [
      { type: 'order_update', data: { orderId: 'o-1', update: { status: 'shopping' } } },
      { type: 'receipt_shared', data: { orderId: 'o-1', receiptUrl: 'https://e.example/r' } },
      { type: 'custom:offer', data: { price: 5 } },
    ];
    for (const event of events) {
      expect((await backendOf(system).post('/v1/server/events', { ...event, userIds: [userId] })).status).toBe(202);
    }
    expect(await user.hears('orderUpdate')).toEqual({ orderId: 'o-1', update: { status: 'shopping' } });
    expect(await user.hears('receiptShared')).toEqual({ orderId: 'o-1', receiptUrl: 'https://e.example/r' });
    expect(await user.hears('custom')).toEqual({ name: 'custom:offer', data: { price: 5 } });
  });

  it('refuses with the field that is wrong, and strangers', async () => {
    const { chatId, userId } = await openRoom(system);
    using user = await chatter([0], userId);
    using stranger = await chatter([1], `stranger-${randomUUID()}`);
    await expect(user.chat.send(chatId, { content: '' })).rejects.toMatchObject({ code: 'parse_error', field: 'content' });
    await expect(user.chat.send(chatId, { content: 'x', attachmentUrl: 'http://e.example/' })).rejects.toMatchObject({
      code: 'parse_error',
      field: 'attachment_url',
    });
    await expect(stranger.chat.join(chatId)).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(stranger.chat.send(chatId, { content: 'hi' })).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(stranger.chat.markRead(chatId, ['m'])).rejects.toMatchObject({ code: expect.stringMatching(/unauthorized|parse_error/) });
    await expect(user.chat.join('01a1febc-fd91-7a52-8f4e-9c1a0c0a5c11')).rejects.toMatchObject({ code: 'chat_not_found' });
  });

  it('is created, listed and paged through over REST', async () => {
    const [userId, shopperId] = [`user-${randomUUID()}`, `shopper-${randomUUID()}`];
    using user = await chatter([0], userId);
    const { chats } = user.chat;
    const asked = { orderId: 'order-1', userId, shopperId, initialMessage: 'Hello!' };
    const chat = await chats.create(asked);
    expect(chat).toMatchObject({ order_id: 'order-1', user_id: userId, shopper_id: shopperId, status: 'active' });
    expect((await chats.create(asked)).id).toBe(chat.id);
    for (const content of ['one', 'two', 'three']) await user.chat.send(chat.id, { content });
    const listed = await chats.list();
    expect(listed).toMatchObject({ total: 1, chats: [{ id: chat.id, last_message: { content: 'three' }, unread_count: 0 }] });
    const newest = await chats.messages(chat.id, { limit: 2 });
    expect(newest.messages.map(({ content }) => content)).toEqual(['three', 'two']);
    const earlier = await chats.messages(chat.id, { before: newest.messages.at(-1)?.id });
    expect(earlier.messages.map(({ content }) => content)).toEqual(['one', 'Hello!']);
    const later = await chats.messages(chat.id, { after: earlier.messages[0]?.id });
    expect(later.messages.map(({ content }) => content)).toEqual(['three', 'two']);
  });
});

describe('a gateway that is killed in the middle of a chat', { timeout: PATIENCE_MS }, () => {
  it('loses nothing: what was sent is there once, the chat is joined again, and its history tells what was missed', async () => {
    const { chatId, userId, shopperId } = await openRoom(system);
    using user = await chatter([0, 1], userId);
    using shopper = await chatter([1], shopperId);
    await Promise.all([user.chat.join(chatId), shopper.chat.join(chatId)]);
    const sending = Array.from({ length: 20 }, (_, index) => user.chat.send(chatId, { content: `user ${index}` }));
    await sending[3];
    await system.process('socket-gateway', 0).kill();
    await shopper.chat.send(chatId, { content: 'are you there?' });
    const sent = await Promise.all(sending);
    expect(sent.map(({ content }) => content)).toEqual(sent.map((_, index) => `user ${index}`));
    await until('it is joined again', () => user.eventsOf('history').length >= 2);
    expect(user.client.connection).toMatchObject({ status: 'connected', url: system.gateways[1]?.url });

    const { messages: stored } = await shopper.chat.chats.messages(chatId, { limit: 100 });
    const storedIds = stored.map(({ id }) => id).toSorted();
    expect(storedIds).toHaveLength(21);
    await shopper.hears('message', ({ content }) => content === 'user 19');
    expect(
      shopper
        .eventsOf('message')
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(storedIds);
    const known = (): string[] => [
      ...user.eventsOf('message').map(({ id }) => id),
      ...user.eventsOf('history').flatMap(({ messages }) => messages.map(({ id }) => id)),
    ];
    await until('the user has them all', () => new Set(known()).size === 21);
    const heard = user.eventsOf('message').map(({ id }) => id);
    expect(new Set(heard).size).toBe(heard.length);
    await system.process('socket-gateway', 0).start();
  });
});

describe('push registration', () => {
  const targetsOf = (userId: string) =>
    system.database.query('SELECT provider, platform, kind, address, device_id, locale FROM push_targets WHERE user_id = $1', [userId]);
  const client = async (userId: string, deviceId: string): Promise<Client & Disposable> =>
    (await clientPhone(system, [0], userId, { claims: { deviceId } })).client;

  it('adds and removes a phone', async () => {
    const userId = `user-${randomUUID()}`;
    using app = await client(userId, 'phone-1');
    const token = `token-${randomUUID()}`;
    await app.push.registerDevice({ token, platform: 'android', locale: 'ja' });
    expect(await targetsOf(userId)).toEqual([
      { provider: 'fcm', platform: 'android', kind: 'token', address: token, device_id: 'phone-1', locale: 'ja' },
    ]);
    await app.push.removeDevice(token);
    expect(await targetsOf(userId)).toEqual([]);
    await expect(app.push.registerDevice({ token: '', platform: 'ios' })).rejects.toMatchObject({ code: 'parse_error', field: 'token' });
  });

  it('adds and removes a browser', async () => {
    await using standIn = await startPushStandIn();
    const userId = `user-${randomUUID()}`;
    using app = await client(userId, 'browser-1');
    const subscription = standIn.newSubscription();
    await app.push.subscribe({ ...subscription, expirationTime: null }, { locale: 'vi' });
    expect(await targetsOf(userId)).toEqual([
      { provider: 'web_push', platform: 'web', kind: 'token', address: subscription.endpoint, device_id: 'browser-1', locale: 'vi' },
    ]);
    await app.push.unsubscribe(subscription.endpoint);
    expect(await targetsOf(userId)).toEqual([]);
    await expect(app.push.subscribe({})).rejects.toMatchObject({ code: 'parse_error', field: 'endpoint' });
  });
});
