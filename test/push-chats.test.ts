import { randomUUID } from 'node:crypto';
import { type OtsyClient, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentsOf, join, say } from './chat-room.ts';
import { dataOf, type PushSystem, startPushSystem } from './push-system.ts';

let world: PushSystem;

beforeAll(async () => {
  world = await startPushSystem();
});
afterAll(() => world[Symbol.asyncDispose]());

const openRoom = async () => {
  const [user, shopper, orderId] = [`user-${randomUUID()}`, `shopper-${randomUUID()}`, `order-${randomUUID()}`];
  const { body } = await world.backend.post('/v1/chat', { order_id: orderId, user_id: user, shopper_id: shopper });
  return { chatId: body.id as string, orderId, user, shopper };
};

const MARKER = 'this one is pushed';

/** Pushes of one user come in the order in which they were queued, so what was not pushed before this one never will be. */
const pushedUpToMarker = async (token: string, userId: string): Promise<string[]> => {
  await world.backend.post('/v1/server/events', { type: 'custom:marker', userIds: [userId], data: { title: MARKER } });
  await world.arrives(token, 'custom');
  return world.typesAt(token).filter((type) => type !== 'custom');
};

/** Resolves when no push of that user waits any more. */
const settled = (userId: string): Promise<unknown> =>
  until('every push has its result', async () => {
    const waiting = await world.system.database.query(`SELECT FROM pushes WHERE user_id = $1 AND status = 'queued'`, [userId]);
    return waiting.length === 0;
  });

const tried = (targets: readonly string[]): Promise<unknown> =>
  until('each was tried', () => targets.every((target) => world.standIn.attempts().some((push) => push.target === target)));

describe('a message', () => {
  it('is pushed to a member who has no session, without a word of its text, and names who wrote it', async () => {
    const { chatId, orderId, user, shopper } = await openRoom();
    const token = await world.fcm(shopper);
    await using client = await world.system.otsy(0, user, { role: 'user', name: '田中' });
    const { message } = await say(client, chatId, 'a secret of two');
    const push = await world.arrives(token, 'chat_message');
    expect(dataOf(push)).toMatchObject({ type: 'chat_message', chatId, messageId: message?.id, orderId });
    expect(JSON.stringify(push)).toContain('田中');
    expect(JSON.stringify(push)).not.toContain('a secret of two');
  });

  it('is not pushed to a member who has joined the chat, and is again once that session left or closed', async () => {
    const { chatId, user, shopper } = await openRoom();
    const token = await world.fcm(shopper);
    await using writer = await world.system.otsy(0, user, { role: 'user' });
    await using reader = await world.system.otsy(1, shopper, { role: 'shopper' });
    await join(reader, chatId);
    await say(writer, chatId, 'seen');
    await reader.hears('new_message');
    expect(await reader.ask('leave_chat', { chat_id: chatId })).toEqual({ ok: true });
    await say(writer, chatId, 'not seen: it is another screen');
    await world.arrives(token, 'chat_message');
    expect(world.typesAt(token)).toEqual(['chat_message']);
    await reader.hears('new_message', ({ content }) => content !== 'seen');
    expect(contentsOf(reader.bodies('new_message'))).toHaveLength(2);
  });

  it('is not pushed to who wrote it, nor to who does not want it', async () => {
    const { chatId, user, shopper } = await openRoom();
    const [writers, unwilling] = [await world.fcm(user), await world.fcm(shopper)];
    const rest = await world.system.rest(shopper);
    expect((await rest.request('PUT', '/v1/notifications/preferences', { chat_messages: false })).status).toBe(200);
    await using client: OtsyClient = await world.system.otsy(0, user, { role: 'user' });
    expect(await say(client, chatId, 'nobody is woken')).toMatchObject({ ok: true });
    expect(await pushedUpToMarker(unwilling, shopper)).toEqual([]);
    expect(world.typesAt(writers)).toEqual([]);
  });

  it('that was read elsewhere has its push taken back, once', async () => {
    const { chatId, user, shopper } = await openRoom();
    const token = await world.fcm(shopper);
    await using writer = await world.system.otsy(0, user, { role: 'user' });
    const { message } = await say(writer, chatId, 'read me');
    await world.arrives(token, 'chat_message');
    const reading = await world.system.rest(shopper);
    for (const _time of ['first', 'again'])
      await reading.request('PUT', `/v1/chat/${chatId}/messages/read`, { message_ids: [message?.id] });
    expect(dataOf(await world.arrives(token, 'chat_read'))).toMatchObject({ type: 'chat_read', chatId });
    expect(await pushedUpToMarker(token, shopper)).toEqual(['chat_message', 'chat_read']);
  });

  it('that was read elsewhere has its push taken back from every other device, over REST and over a socket', async () => {
    const { chatId, user, shopper } = await openRoom();
    const phone = await world.fcm(shopper, 'phone');
    const browser = await world.browser(shopper, 'browser');
    await using writer = await world.system.otsy(0, user, { role: 'user' });
    const first = await say(writer, chatId, 'read me over REST');
    await world.arrives(phone, 'chat_message');
    const reading = await world.system.rest(shopper, { deviceId: 'browser' });
    await reading.request('PUT', `/v1/chat/${chatId}/messages/read`, { message_ids: [first.message?.id] });
    await world.arrives(phone, 'chat_read');
    const second = await say(writer, chatId, 'read me over a socket');
    await using reader = await world.system.otsy(1, shopper, { role: 'shopper', deviceId: 'browser' });
    await reader.ask('mark_messages_read', { chat_id: chatId, message_ids: [second.message?.id] });
    await settled(shopper);
    expect(world.typesAt(phone)).toEqual(['chat_message', 'chat_read', 'chat_message', 'chat_read']);
    expect(world.typesAt(browser.endpoint)).toEqual(['chat_message', 'chat_message']);
  });

  it('that a provider had refused for the moment does not come once it was read, on a phone and in a browser', async () => {
    const { chatId, user, shopper } = await openRoom();
    const phone = await world.fcm(shopper);
    const browser = await world.browser(shopper);
    for (const target of [phone, browser.endpoint]) world.standIn.script({ target, status: 503, retryAfterSeconds: 1 });
    await using writer = await world.system.otsy(0, user, { role: 'user' });
    const { message } = await say(writer, chatId, 'read me');
    await tried([phone, browser.endpoint]);
    const reading = await world.system.rest(shopper);
    await reading.request('PUT', `/v1/chat/${chatId}/messages/read`, { message_ids: [message?.id] });
    await settled(shopper);
    expect([world.typesAt(phone), world.typesAt(browser.endpoint)]).toEqual([['chat_read'], ['chat_read']]);
  });

  it('of the system names nobody', async () => {
    const { chatId, shopper } = await openRoom();
    const token = await world.fcm(shopper);
    await world.backend.post(`/v1/server/chats/${chatId}/messages`, { content: 'Your shopper has arrived' });
    const push = await world.arrives(token, 'chat_message');
    expect(dataOf(push)).toMatchObject({ senderId: 'system', senderName: '', title: 'New message' });
  });
});

describe("an event of the app's backend", () => {
  it('that a provider had refused for the moment does not take the place of a newer one', async () => {
    const { orderId, user } = await openRoom();
    const phone = await world.fcm(user);
    const browser = await world.browser(user);
    for (const target of [phone, browser.endpoint]) world.standIn.script({ target, status: 503, retryAfterSeconds: 1 });
    const update = (status: string) =>
      world.backend.post('/v1/server/events', { type: 'order_update', userIds: [user], data: { orderId, update: status } });
    await update('shopping');
    await tried([phone, browser.endpoint]);
    await update('delivered');
    await settled(user);
    expect([world.typesAt(phone), world.typesAt(browser.endpoint)]).toEqual([['order_update'], ['order_update']]);
    expect(dataOf(await world.arrives(phone, 'order_update'))).toMatchObject({ status: 'delivered' });
    const { body } = await (await world.system.rest(user)).request('GET', '/v1/notifications/history');
    expect(body.items).toMatchObject([
      { data: { status: 'delivered' }, status: 'accepted' },
      { data: { status: 'shopping' }, status: 'dropped' },
    ]);
  });

  it('is pushed to those of its users who have no session for it', async () => {
    const { orderId, user, shopper } = await openRoom();
    const [away, present] = [await world.fcm(user), await world.fcm(shopper)];
    await using client = await world.system.otsy(0, shopper, { role: 'shopper' });
    const data = { orderId, update: { status: 'shopping' } };
    await world.backend.post('/v1/server/events', { type: 'order_update', userIds: [user, shopper], data });
    expect(dataOf(await world.arrives(away, 'order_update'))).toMatchObject({ type: 'order_update', orderId, status: 'shopping' });
    expect(await client.hears('order_update')).toMatchObject({ orderId });
    await world.backend.post('/v1/server/events', { type: 'order_update', userIds: [shopper], data: { orderId, update: ['packed'] } });
    expect(await client.hears('order_update', ({ update }) => Array.isArray(update))).toEqual({ orderId, update: ['packed'] });
    const receipt = { orderId, receiptUrl: 'https://example.com/receipt.pdf' };
    await world.backend.post('/v1/server/events', { type: 'receipt_shared', userIds: [user], data: receipt });
    expect(dataOf(await world.arrives(away, 'receipt_shared'))).toMatchObject({ type: 'receipt_shared', orderId });
    expect(world.typesAt(present)).toEqual([]);
  });
});
