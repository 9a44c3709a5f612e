import { randomUUID } from 'node:crypto';
import { until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join, say } from './chat-room.ts';
import { type PushSystem, startPushSystem } from './push-system.ts';

let world: PushSystem;

beforeAll(async () => {
  world = await startPushSystem();
});
afterAll(() => world[Symbol.asyncDispose]());

const people = () => ({ ana: `ana-${randomUUID()}`, ben: `ben-${randomUUID()}`, eve: `eve-${randomUUID()}` });

const openChat = async (user: string, shopper: string): Promise<string> =>
  (await world.backend.post('/v1/chat', { order_id: `order-${randomUUID()}`, user_id: user, shopper_id: shopper })).body.id;

const memberPath = (chatId: string, userId: string): string => `/v1/server/chats/${chatId}/members/${userId}`;

const letIn = async (chatId: string, userId: string): Promise<void> => {
  expect(await world.backend.request('PUT', memberPath(chatId, userId), {})).toMatchObject({ status: 200 });
};

const remove = async (chatId: string, userId: string): Promise<void> => {
  expect(await world.backend.request('DELETE', memberPath(chatId, userId))).toMatchObject({ status: 200 });
};

describe('who joined a chat before', () => {
  it('and was removed and let in again is pushed what is said there, until they join again', async () => {
    const { ana, ben } = people();
    const chatId = await openChat(ana, ben);
    await world.fcm(ben);
    const pushes = () => world.system.database.query('SELECT type FROM pushes WHERE user_id = $1', [ben]);
    await using writer = await world.system.otsy(0, ana);
    await using browser = await world.system.otsy(1, ben);
    await join(browser, chatId);
    await remove(chatId, ben);
    expect(await browser.hears('user_left')).toMatchObject({ chatId, userId: ben });
    await letIn(chatId, ben);
    expect(await say(writer, chatId, 'are you back?')).toMatchObject({ ok: true });
    expect(await pushes()).toEqual([{ type: 'chat_message' }]);
    await browser.hears('new_message', ({ content }) => content === 'are you back?');
    await join(browser, chatId);
    expect(await say(writer, chatId, 'so you are')).toMatchObject({ ok: true });
    expect(await pushes()).toHaveLength(1);
  });
});

describe('who is let in after somebody else joined, and joins', () => {
  it.each(['leaves', 'is gone'])('hears when that one %s', async (end) => {
    const { ana, ben, eve } = people();
    const chatId = await openChat(ana, ben);
    await using first = await world.system.otsy(0, ana);
    await using late = await world.system.otsy(1, eve);
    await join(first, chatId);
    await letIn(chatId, eve);
    await join(late, chatId);
    expect(await first.hears('user_joined')).toMatchObject({ chatId, userId: eve });
    if (end === 'leaves') await first.ask('leave_chat', { chat_id: chatId });
    else first.socket.disconnect();
    expect(await late.hears('user_left')).toMatchObject({ chatId, userId: ana });
  });

  it('hears nothing of it once removed', async () => {
    const { ana, ben, eve } = people();
    const chatId = await openChat(ana, ben);
    await using first = await world.system.otsy(0, ana);
    await using beside = await world.system.otsy(1, ben);
    await using late = await world.system.otsy(1, eve);
    await join(first, chatId);
    await join(beside, chatId);
    await letIn(chatId, eve);
    await join(late, chatId);
    await first.hears('user_joined', ({ userId }) => userId === eve);
    await remove(chatId, eve);
    for (const client of [first, late]) await client.hears('user_left', ({ userId }) => userId === eve);
    await first.ask('leave_chat', { chat_id: chatId });
    await beside.hears('user_left', ({ userId }) => userId === ana);
    await letIn(chatId, eve);
    await join(late, chatId);
    await until('the joining is told', () => beside.bodies('user_joined').length === 2);
    expect(late.bodies('user_left').map(({ userId }) => userId)).toEqual([eve]);
  });
});
