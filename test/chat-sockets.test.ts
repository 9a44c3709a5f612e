import type { System } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backendOf, contentsOf, join, openRoom, say, startChatSystem } from './chat-room.ts';

let system: System;

beforeAll(async () => {
  system = await startChatSystem();
});
afterAll(() => system[Symbol.asyncDispose]());

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

it('a client is told that it is connected, as whom and when', async () => {
  await using client = await system.otsy(0, 'ann', { role: 'shopper' });
  expect(client.heard[0]).toEqual({ name: 'connected', body: { userId: 'ann', role: 'shopper', timestamp: expect.stringMatching(ISO) } });
});

it('a message reaches every session of both members once, on whichever gateway', async () => {
  const { chatId, userId, shopperId } = await openRoom(system);
  await using user = await system.otsy(0, userId, { role: 'user' });
  await using tablet = await system.otsy(1, userId, { role: 'user' });
  await using shopper = await system.otsy(1, shopperId, { role: 'shopper' });
  expect(await join(user, chatId)).toEqual([]);
  expect(await join(shopper, chatId)).toEqual([]);
  const { ok, message } = await say(user, chatId, 'Hello!');
  expect(ok).toBe(true);
  expect(message).toEqual({
    id: expect.any(String),
    chat_id: chatId,
    sender_id: userId,
    sender_role: 'user',
    content: 'Hello!',
    type: 'text',
    attachment_url: null,
    attachment_type: null,
    metadata: null,
    client_message_id: null,
    created_at: expect.stringMatching(ISO),
    read_at: null,
  });
  // The tablet has not joined: a message is for every session of a member.
  for (const client of [user, tablet, shopper]) expect(await client.hears('new_message')).toEqual(message);
  shopper.tell('send_message', { chat_id: chatId, content: 'On my way', type: 'text' });
  for (const client of [user, tablet, shopper]) {
    await client.hears('new_message', ({ content }) => content === 'On my way');
    expect(contentsOf(client.bodies('new_message'))).toEqual(['Hello!', 'On my way']);
  }
  expect(await join(tablet, chatId)).toEqual(['Hello!', 'On my way']);
});

it('the answer to a message comes before the message itself, also on the connection that sent it', async () => {
  const { chatId, userId } = await openRoom(system);
  await using user = await system.otsy(0, userId);
  const order: string[] = [];
  user.socket.on('new_message', ({ content }) => order.push(`heard ${content}`));
  for (let turn = 0; turn < 20; turn += 1) {
    const message = { chat_id: chatId, content: String(turn) };
    await new Promise<void>((resolve) => {
      // Not a promise of it: two frames that come together are read before any promise goes on.
      user.socket.emit('send_message', message, () => resolve(void order.push(`answered ${turn}`)));
    });
  }
  await user.hears('new_message', ({ content }) => content === '19');
  for (let turn = 0; turn < 20; turn += 1) expect(order.indexOf(`answered ${turn}`)).toBeLessThan(order.indexOf(`heard ${turn}`));
});

it('who joins and leaves is told to the others there, and to nobody else', async () => {
  const { chatId, userId, shopperId } = await openRoom(system);
  await using user = await system.otsy(0, userId);
  await using elsewhere = await system.otsy(1, userId);
  await using shopper = await system.otsy(1, shopperId);
  await join(user, chatId);
  await join(shopper, chatId);
  expect(await user.hears('user_joined')).toEqual({ chatId, userId: shopperId, timestamp: expect.stringMatching(ISO) });
  // To join again is to ask for the history again.
  await join(shopper, chatId);
  expect(await shopper.ask('leave_chat', { chatId })).toEqual({ ok: true });
  expect(await user.hears('user_left')).toMatchObject({ chatId, userId: shopperId });
  await join(shopper, chatId);
  shopper.socket.disconnect();
  await user.hears('user_left', () => user.bodies('user_left').length === 2);
  await elsewhere.hears('user_offline');
  const hints = user.heard.map(({ name }) => name).filter((name) => name.startsWith('user_'));
  // Presence travels on another way than what is told in a room, and so in no order with it.
  expect(hints.filter((name) => !name.endsWith('line'))).toEqual(['user_joined', 'user_left', 'user_joined', 'user_left']);
  expect(elsewhere.heard.map(({ name }) => name)).toEqual(['connected', 'user_online', 'user_offline']);
});

describe('typing', () => {
  it('is seen by the others, seldom, and stops by itself', async () => {
    const { chatId, userId, shopperId } = await openRoom(system);
    await using user = await system.otsy(0, userId);
    await using shopper = await system.otsy(1, shopperId);
    await join(user, chatId);
    await join(shopper, chatId);
    for (let time = 0; time < 10; time += 1) user.tell('typing_indicator', { chat_id: chatId, action: 'start' });
    expect(await user.ask('typing_indicator', { chatId, action: 'start' })).toEqual({ ok: true });
    await shopper.hears('typing_indicator', ({ action }) => action === 'stop');
    expect(shopper.bodies('typing_indicator')).toEqual([
      { chatId, userId, action: 'start' },
      { chatId, userId, action: 'stop' },
    ]);
    expect(user.bodies('typing_indicator')).toEqual([]);
  });

  it('is over when it is said, and when its session leaves or is gone', async () => {
    const { chatId, userId, shopperId } = await openRoom(system);
    for (const end of ['stop', 'leave', 'disconnect']) {
      await using shopper = await system.otsy(1, shopperId);
      await join(shopper, chatId);
      await using user = await system.otsy(0, userId);
      await join(user, chatId);
      await user.ask('typing_indicator', { chat_id: chatId, action: 'start' });
      if (end === 'stop') await user.ask('typing_indicator', { chat_id: chatId, action: 'stop' });
      if (end === 'leave') await user.ask('leave_chat', { chat_id: chatId });
      user.socket.disconnect();
      await shopper.hears('user_left');
      expect(shopper.bodies('typing_indicator').map(({ action }) => action)).toEqual(['start', 'stop']);
    }
  });
});

it('what was read is told to both, with who read it and when', async () => {
  const { chatId, userId, shopperId } = await openRoom(system);
  await using user = await system.otsy(0, userId);
  await using shopper = await system.otsy(1, shopperId);
  const { message } = await say(user, chatId, 'Hello!');
  const messageIds = [message?.id];
  expect(await shopper.ask('mark_messages_read', { chatId, messageIds })).toEqual({
    ok: true,
    message_ids: messageIds,
    read_at: expect.stringMatching(ISO),
  });
  expect(await user.hears('messages_read')).toEqual({ chatId, messageIds, readBy: shopperId, readAt: expect.stringMatching(ISO) });
  const [read] = (await user.ask('join_chat', { chatId })).ok ? user.bodies('chat_history')[0].messages : [];
  expect(read).toMatchObject({ id: message?.id, read_at: expect.stringMatching(ISO) });
});

it('the answer to a mark comes before it is told that messages were read, also on the connection that marked them', async () => {
  const { chatId, userId, shopperId } = await openRoom(system);
  await using user = await system.otsy(0, userId);
  await using shopper = await system.otsy(1, shopperId);
  const order: string[] = [];
  shopper.socket.on('messages_read', ({ messageIds: [id] }) => order.push(`heard ${id}`));
  const ids: string[] = [];
  for (let turn = 0; turn < 20; turn += 1) {
    const id = (await say(user, chatId, String(turn))).message?.id as string;
    ids.push(id);
    await new Promise<void>((resolve) => {
      shopper.socket.emit('mark_messages_read', { chatId, messageIds: [id] }, () => resolve(void order.push(`answered ${id}`)));
    });
  }
  await shopper.hears('messages_read', ({ messageIds }) => messageIds[0] === ids.at(-1));
  for (const id of ids) expect(order.indexOf(`answered ${id}`)).toBeLessThan(order.indexOf(`heard ${id}`));
});

it("the app's backend reaches everybody in a chat, and single users", async () => {
  const { chatId, userId, shopperId } = await openRoom(system);
  await using user = await system.otsy(0, userId);
  await using shopper = await system.otsy(1, shopperId);
  const backend = backendOf(system);
  const update = { orderId: 'o-1', update: { status: 'shopping' } };
  const receipt = { orderId: 'o-1', receiptUrl: 'https://example.com/receipt.pdf' };
  await backend.post('/v1/server/events', { type: 'order_update', chatId, data: update });
  await backend.post('/v1/server/events', { type: 'receipt_shared', userIds: [userId], data: receipt });
  await backend.post('/v1/server/events', { type: 'custom:bonus', userIds: [userId, shopperId], data: { points: 5 } });
  await backend.post(`/v1/server/chats/${chatId}/messages`, { content: 'The order is on its way' });
  for (const client of [user, shopper]) {
    expect(await client.hears('order_update')).toEqual(update);
    expect(await client.hears('custom:bonus')).toEqual({ points: 5 });
    expect(await client.hears('new_message')).toMatchObject({ content: 'The order is on its way', type: 'system' });
  }
  expect(await user.hears('receipt_shared')).toEqual(receipt);
  expect(shopper.bodies('receipt_shared')).toEqual([]);
});

it('what is sent over REST and over a socket is one conversation', async () => {
  const { chatId, userId, shopperId } = await openRoom(system);
  await using user = await system.otsy(0, userId);
  await using shopper = await system.otsy(1, shopperId);
  const rest = await system.rest(userId);
  for (let turn = 0; turn < 10; turn += 1) {
    await rest.post(`/v1/chat/${chatId}/messages`, { content: `rest ${turn}`, type: 'text' });
    await say(shopper, chatId, `socket ${turn}`);
  }
  const expected = Array.from({ length: 10 }, (_, turn) => [`rest ${turn}`, `socket ${turn}`]).flat();
  for (const client of [user, shopper]) {
    await client.hears('new_message', ({ content }) => content === 'socket 9');
    expect(contentsOf(client.bodies('new_message'))).toEqual(expected);
  }
});
