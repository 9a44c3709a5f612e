import { randomUUID } from 'node:crypto';
import { connectOnlyCare, connectOtsy, mintToken, oneConnection, type System, until } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { join, openRoom, say, startChatSystem } from './chat-room.ts';

let system: System;

beforeAll(async () => {
  system = await startChatSystem({ settings: { UNREACHABLE_GRACE_SECONDS: '1' } });
});
afterAll(() => system[Symbol.asyncDispose]());

const urlOf = (gateway: number): string => system.gateways[gateway]?.url ?? '';

const isOnline = async (userId: string): Promise<boolean> =>
  (await (await system.rest('onlooker')).get(`/api/v1/users/${userId}/status`)).body.data.online;

it('calls and chats of one user come to their own sessions, one beside the other', async () => {
  const { chatId, userId, shopperId } = await openRoom(system);
  await using calls = await system.connect(0, userId);
  await using chats = await system.otsy(1, userId);
  await using shopperCalls = await system.connect(1, shopperId);
  await using shopperChats = await system.otsy(0, shopperId);
  await join(chats, chatId);
  const { call } = await shopperCalls.ask('call:initiate', { receiverId: userId });
  await calls.hears('call:incoming');
  await say(shopperChats, chatId, 'Pick up!');
  await chats.hears('new_message');
  await calls.ask('call:reject', { callId: call?.id });
  await shopperCalls.hears('call:rejected');
  expect(await chats.hears('new_message', ({ type }) => type === 'system')).toMatchObject({ content: 'You declined a voice call' });
  expect(await shopperChats.hears('new_message', ({ type }) => type === 'system')).toMatchObject({
    content: 'Your voice call was declined',
  });
  expect(calls.heard.map(({ name }) => name)).toEqual(['call:incoming']);
  expect(chats.heard.map(({ name }) => name).filter((name) => name.startsWith('call:'))).toEqual([]);
});

it.each(['auth', 'header'])('one connection carries both, with one token in %s', async (place) => {
  const token = await mintToken(`user-${randomUUID()}`);
  const inHeader = place === 'header' ? { extraHeaders: { authorization: `Bearer ${token}` } } : {};
  const inAuth = place === 'auth' ? { auth: { token } } : {};
  await using connection = oneConnection(urlOf(0), inHeader);
  const calls = await connection.enter('/', inAuth);
  const chats = await connection.enter('/chat', inAuth);
  // A packet that cannot be read is answered where it went, and closes neither.
  const refused = [new Promise((resolve) => calls.once('call:error', resolve)), new Promise((resolve) => chats.once('error', resolve))];
  connection.write('2["call:accept",{');
  connection.write('2/chat,["join_chat",{');
  expect(await Promise.all(refused)).toMatchObject([{ errorType: 'parse_error' }, { code: 'parse_error' }]);
  chats.disconnect();
  const answer = await calls.timeout(10_000).emitWithAck('call:accept', { callId: 'none' });
  expect(answer).toMatchObject({ error: { code: 'call_not_found' } });
});

it('a token that is none is not made good by the one that the connection came in with', async () => {
  await using connection = oneConnection(urlOf(0));
  await connection.enter('/', { auth: { token: await mintToken('ann') } });
  const refused = connection.enter('/chat', { auth: { token: 'no token' } });
  await expect(refused).rejects.toMatchObject({ data: { code: 'unauthenticated' } });
});

it('who has but a chat open is present, and no device that could ring', async () => {
  const calleeId = `callee-${randomUUID()}`;
  await using chats = await connectOtsy(urlOf(1), await mintToken(calleeId));
  await until('present', () => isOnline(calleeId));
  await using caller = await connectOnlyCare(urlOf(0), await mintToken(`caller-${randomUUID()}`));
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
  expect(await caller.hears('call:rejected')).toMatchObject({ callId: call?.id, reason: 'User offline' });
  expect(chats.heard.map(({ name }) => name)).toEqual(['connected']);
});

it('who leaves while it rings is gone, whatever chat stays open', async () => {
  const calleeId = `callee-${randomUUID()}`;
  await using chats = await system.otsy(1, calleeId);
  await using caller = await system.connect(0, `caller-${randomUUID()}`);
  const callee = await system.connect(1, calleeId);
  await caller.ask('call:initiate', { receiverId: calleeId });
  await caller.hears('call:ringing');
  callee.socket.disconnect();
  expect(await caller.hears('call:rejected')).toMatchObject({ reason: 'User offline' });
  expect(await isOnline(calleeId)).toBe(true);
  expect(chats.socket.connected).toBe(true);
});
