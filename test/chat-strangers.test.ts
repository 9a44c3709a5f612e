import { randomUUID } from 'node:crypto';
import { connectOtsy, mintToken, type OtsyClient, type System, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backendOf, contentsOf, join, openRoom, say, startChatSystem } from './chat-room.ts';

let system: System;

beforeAll(async () => {
  system = await startChatSystem();
});
afterAll(() => system[Symbol.asyncDispose]());

const WRONG = 'javascript:alert(1)';
const message = (changes: object) => ({ message: { content: 'Hello!', type: 'text', ...changes } });

describe('bad input', () => {
  const BAD: [string, string, object, string][] = [
    ['leave_chat', 'a number for an id', { chat_id: 7 }, 'chat_id'],
    ['send_message', 'no words', message({ content: '' }), 'content'],
    ['send_message', 'too many words', message({ content: 'x'.repeat(10_001) }), 'content'],
    ['send_message', 'words that cannot be stored', message({ content: 'a\0b' }), 'content'],
    ['send_message', 'an unknown type', message({ type: 'video' }), 'type'],
    ['send_message', 'the type of the system', message({ type: 'system' }), 'type'],
    ['send_message', 'an attachment that is a script', message({ attachment_url: WRONG }), 'attachment_url'],
    [
      'send_message',
      'metadata that nests too deep',
      message({ metadata: { a: { b: { c: { d: { e: { f: { g: { h: { i: 1 } } } } } } } } } }),
      'metadata',
    ],
    ['send_message', 'too much metadata', message({ metadata: { text: 'x'.repeat(9000) } }), 'metadata'],
    ['typing_indicator', 'an unknown action', { action: 'pause' }, 'action'],
    ['mark_messages_read', 'no messages', { message_ids: [] }, 'message_ids'],
    ['mark_messages_read', 'ids that are none', { message_ids: ['msg-1'] }, 'message_ids'],
    ['mark_messages_read', 'a message of another chat', { message_ids: [randomUUID()] }, 'message_ids'],
  ];

  it.each(BAD)('%s with %s is refused by the name of its field, and nothing is stored', async (event, _what, body, field) => {
    const { chatId, userId } = await openRoom(system);
    await using user = await system.otsy(0, userId);
    const refused = { code: 'parse_error', message: expect.any(String), field };
    expect(await user.ask(event, { chat_id: chatId, ...body })).toEqual({ ok: false, error: refused });
    user.tell(event, { chat_id: chatId, ...body });
    expect(await user.hears('error')).toEqual(refused);
    expect(await join(user, chatId)).toEqual([]);
  });

  it('that is no object, no event or no packet is refused, and the connection stays', async () => {
    const { chatId, userId } = await openRoom(system);
    await using user = await system.otsy(0, userId);
    for (const [event, body] of [
      ['join_chat', 'text'],
      ['join_chat', undefined],
      ['toString', {}],
      ['call:initiate', { receiverId: 'ben' }],
    ] as const) {
      expect(await user.ask(event, body)).toMatchObject({ ok: false, error: { code: 'parse_error' } });
    }
    const engine = user.socket.io.engine;
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    for (const packet of ['2/chat,["send_message",{', `2/chat,["send_message",${deep}]`, '51-/chat,["x",{"_placeholder":true,"num":0}]']) {
      engine.write(packet);
    }
    await user.hears('error', () => user.bodies('error').length === 3);
    expect(user.bodies('error')).toEqual(Array(3).fill({ code: 'parse_error', message: expect.stringContaining('malformed') }));
    expect(await join(user, chatId)).toEqual([]);
    expect(user.socket.connected).toBe(true);
  });
});

/** What every word about a chat is answered. */
const askEverything = async (client: OtsyClient, chatId: string, messageId: string) => ({
  join: await client.ask('join_chat', { chat_id: chatId }),
  send: await say(client, chatId, 'Let me in'),
  typing: await client.ask('typing_indicator', { chat_id: chatId, action: 'start' }),
  read: await client.ask('mark_messages_read', { chat_id: chatId, message_ids: [messageId] }),
});

const refusedAs = (code: string) => {
  const naming = (field: string) => ({ ok: false, error: { code, message: expect.any(String), field } });
  return { join: naming('chat_id'), send: naming('chatId'), typing: naming('chat_id'), read: naming('chat_id') };
};

it('a stranger gets nothing of a chat, and a chat that is none is none', async () => {
  const { chatId, userId } = await openRoom(system);
  await using user = await system.otsy(0, userId);
  await using stranger = await system.otsy(1, `stranger-${randomUUID()}`);
  await join(user, chatId);
  const { message: sent } = await say(user, chatId, 'Hello!');
  expect(await askEverything(stranger, chatId, sent?.id as string)).toEqual(refusedAs('unauthorized'));
  for (const none of [randomUUID(), 'chat-uuid']) {
    expect(await askEverything(stranger, none, sent?.id as string)).toEqual(refusedAs('chat_not_found'));
  }
  expect(await join(user, chatId)).toEqual(['Hello!']);
  expect(stranger.heard.map(({ name }) => name)).toEqual(['connected']);
  expect(user.heard.map(({ name }) => name)).toEqual(['connected', 'chat_history', 'new_message', 'chat_history']);
});

it('a member who is removed hears so, hears nothing after it, and may do nothing more', async () => {
  const { chatId, userId, shopperId } = await openRoom(system);
  await using user = await system.otsy(0, userId);
  await using shopper = await system.otsy(1, shopperId);
  await join(user, chatId);
  await join(shopper, chatId);
  const { message: sent } = await say(shopper, chatId, 'Hello!');
  await shopper.ask('typing_indicator', { chat_id: chatId, action: 'start' });
  await user.hears('typing_indicator');
  await backendOf(system).request('DELETE', `/v1/server/chats/${chatId}/members/${shopperId}`);
  for (const client of [user, shopper]) expect(await client.hears('user_left')).toMatchObject({ chatId, userId: shopperId });
  const before = shopper.heard.length;
  expect(await askEverything(shopper, chatId, sent?.id as string)).toEqual(refusedAs('unauthorized'));
  expect((await say(user, chatId, 'Are you gone?')).ok).toBe(true);
  await user.hears('new_message', ({ content }) => content === 'Are you gone?');
  await user.ask('typing_indicator', { chat_id: chatId, action: 'start' });
  await user.ask('leave_chat', { chat_id: chatId });
  expect(await shopper.ask('leave_chat', { chat_id: chatId })).toEqual({ ok: true });
  expect(shopper.heard.slice(before)).toEqual([]);
  expect(user.bodies('typing_indicator').filter(({ action }) => action === 'start')).toHaveLength(1);
  expect(contentsOf(user.bodies('new_message'))).toEqual(['Hello!', 'Are you gone?']);
});

it('a token that is none opens no chat', async () => {
  await expect(connectOtsy(system.gateways[0]?.url ?? '', 'no token')).rejects.toMatchObject({ data: { code: 'unauthenticated' } });
});

it('a token that ends closes the connection to chats, unless it was refreshed in time, by its own user', async () => {
  const userId = `user-${randomUUID()}`;
  await using client = await system.otsy(0, userId, { ttlSeconds: 6 });
  await using refreshed = await system.otsy(0, userId, { ttlSeconds: 6 });
  expect(await refreshed.ask('auth:refresh', { token: await mintToken(userId) })).toMatchObject({ ok: true });
  expect(await client.ask('auth:refresh', { token: await mintToken('somebody-else') })).toMatchObject({ ok: false });
  await until('the end of the connection', () => !client.socket.connected);
  expect(refreshed.socket.connected).toBe(true);
});
