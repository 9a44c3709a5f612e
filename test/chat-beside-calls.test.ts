import { randomUUID } from 'node:crypto';
import { connectOnlyCare, connectOtsy, mintToken, type OneConnection, oneConnection, type System, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join, openRoom, say, startChatSystem } from './chat-room.ts';
import { clientPhone } from './client-phones.ts';

const CONNECTIONS_PER_USER = 4;

let system: System;

beforeAll(async () => {
  const settings = { UNREACHABLE_GRACE_SECONDS: '1', LIMIT_CONNECTIONS_PER_USER: `${CONNECTIONS_PER_USER}` };
  system = await startChatSystem({ settings });
});
afterAll(() => system[Symbol.asyncDispose]());

const urlOf = (gateway: number): string => system.gateways[gateway]?.url ?? '';

const isOnline = async (userId: string): Promise<boolean> =>
  (await (await system.rest('onlooker')).get(`/api/v1/users/${userId}/status`)).body.data.online;

/** How many sessions of chats the first gateway closed because their users had too many. */
const refusedChats = async (): Promise<number> => {
  const metrics = await (await fetch(`${urlOf(0)}/metrics`)).text();
  const found = /^trunkline_connection_closes_total\{dialect="otsy",reason="too_many_connections"\} (\d+)$/m.exec(metrics);
  return Number(found?.[1] ?? 0);
};

const sessionsOf = async (userId: string): Promise<number> =>
  (await system.database.query('SELECT FROM sessions WHERE user_id = $1 AND closed_at IS NULL', [userId])).length;

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

/** A socket of one namespace. */
type Entered = Awaited<ReturnType<OneConnection['enter']>>;

const ACK_PATIENCE_MS = 10_000;
/** Seconds that a token lives which is to end while the test looks on. */
const SHORT_LIFE = 4;

/** Resolves with what it is told before it is closed; null: nothing. */
const closingOf = (socket: Entered) =>
  new Promise((resolve) => {
    socket.once('connection:closing', resolve);
    socket.once('disconnect', () => resolve(null));
  });
const endOf = (socket: Entered) => new Promise((resolve) => socket.once('disconnect', resolve));

/** Asks about a call that there is not, which is answered where the session is alive. */
const isAnsweredOn = async (calls: Entered): Promise<void> => {
  const answer = await calls.timeout(ACK_PATIENCE_MS).emitWithAck('call:accept', { callId: 'none' });
  expect(answer).toMatchObject({ error: { code: 'call_not_found' } });
};

const isAnsweredOnChat = async (chats: Entered): Promise<void> => {
  const answer = await chats.timeout(ACK_PATIENCE_MS).emitWithAck('join_chat', { chat_id: randomUUID() });
  expect(answer).toMatchObject({ error: { code: 'chat_not_found' } });
};

const renewOn = async (socket: Entered, userId: string): Promise<void> => {
  const answer = await socket.timeout(ACK_PATIENCE_MS).emitWithAck('auth:refresh', { token: await mintToken(userId) });
  expect(answer).toMatchObject({ ok: true });
};

describe.concurrent('of one connection for both, the first token', () => {
  /** Resolves when the gateway has closed whoever came with this token and showed no other. */
  const ended = async (token: string): Promise<void> => {
    await using witness = await connectOnlyCare(urlOf(0), token);
    expect(await witness.hears('connection:closing')).toMatchObject({ reason: 'token_expired' });
  };

  it.each(['/', '/chat'] as const)('that ends is no end for either, where it was renewed on %s', async (renewing) => {
    const userId = `user-${randomUUID()}`;
    const token = await mintToken(userId, { ttlSeconds: SHORT_LIFE });
    await using connection = oneConnection(urlOf(0));
    const calls = await connection.enter('/', { auth: { token } });
    const chats = await connection.enter('/chat', { auth: { token } });
    await renewOn(renewing === '/' ? calls : chats, userId);
    await ended(token);
    await isAnsweredOn(calls);
    await isAnsweredOnChat(chats);
  });

  it('that was renewed lets in, after its end, who then enters the other', async () => {
    const userId = `user-${randomUUID()}`;
    const token = await mintToken(userId, { ttlSeconds: SHORT_LIFE });
    await using connection = oneConnection(urlOf(0));
    const calls = await connection.enter('/', { auth: { token } });
    await renewOn(calls, userId);
    await ended(token);
    const chats = await connection.enter('/chat');
    await isAnsweredOnChat(chats);
    await isAnsweredOn(calls);
  });

  it('that ends and was not renewed ends both, and both are told', async () => {
    const token = await mintToken(`user-${randomUUID()}`, { ttlSeconds: SHORT_LIFE });
    await using connection = oneConnection(urlOf(0));
    const both = [await connection.enter('/', { auth: { token } }), await connection.enter('/chat', { auth: { token } })];
    const told = Promise.all(both.map(closingOf));
    expect(await Promise.all(both.map(endOf))).toEqual(['transport close', 'transport close']);
    expect(await told).toMatchObject([{ reason: 'token_expired' }, { reason: 'token_expired' }]);
  });
});

it('one connection for both is sent away when the last answer on either is given, and both are told', async () => {
  await using stopping = await startChatSystem({ gateways: 1 });
  await stopping.database.query(`CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF new.content = 'slow' THEN PERFORM pg_sleep(1); END IF; RETURN new; END $$`);
  await stopping.database.query('CREATE TRIGGER slow BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION dawdle()');
  const { chatId, userId } = await openRoom(stopping);
  const token = await mintToken(userId);
  const [gateway] = stopping.gateways;
  await using connection = oneConnection(gateway?.url ?? '');
  const both = [await connection.enter('/', { auth: { token } }), await connection.enter('/chat', { auth: { token } })] as const;
  const told = Promise.all(both.map(closingOf));
  const sent = both[1].timeout(ACK_PATIENCE_MS).emitWithAck('send_message', { chatId, message: { content: 'slow' } });
  const sleeping = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
  await until('the message is being stored', async () => (await stopping.database.query(sleeping)).length === 1);
  const stopped = gateway?.[Symbol.asyncDispose]();
  expect(await sent).toMatchObject({ ok: true, message: { content: 'slow' } });
  expect(await told).toMatchObject([{ reason: 'going_away' }, { reason: 'going_away' }]);
  await stopped;
});

it('one connection for both that floods on either is closed, and both are told to stay away', async () => {
  const token = await mintToken(`user-${randomUUID()}`);
  await using connection = oneConnection(urlOf(0));
  const both = [await connection.enter('/', { auth: { token } }), await connection.enter('/chat', { auth: { token } })] as const;
  const told = Promise.all(both.map(closingOf));
  const ends = Promise.all(both.map(endOf));
  for (let sent = 0; sent < 2500; sent += 1) both[1].emit('join_chat', {});
  expect(await ends).toEqual(['io server disconnect', 'io server disconnect']);
  expect(await told).toMatchObject([{ reason: 'flooding' }, { reason: 'flooding' }]);
});

it('the client asks for its chats again until there is room for them, and its calls go on meanwhile', async () => {
  const { chatId, userId } = await openRoom(system);
  using phone = await clientPhone(system, [0], userId);
  // Of sessions that open at once, any may be the one too many.
  await until('the session of its calls is open', async () => (await sessionsOf(userId)) === 1);
  const others = await Promise.all(Array.from({ length: CONNECTIONS_PER_USER - 1 }, () => system.otsy(1, userId)));
  const refusedBefore = await refusedChats();
  const { chat } = phone.client;
  const histories: string[] = [];
  chat.on('history', (history) => histories.push(history.chatId));
  const joined = chat.join(chatId);
  await until('the chat was one too many, twice', async () => (await refusedChats()) >= refusedBefore + 2);
  expect(histories).toEqual([]);
  await Promise.all(others.map((other) => other[Symbol.asyncDispose]()));
  await joined;
  expect(histories).toEqual([chatId]);
  const states = phone.told.flatMap((one) => (one.name === 'connection' ? [one.event] : []));
  expect(states).toMatchObject([{ status: 'connected' }]);
});

it('a chat that is one connection too many is refused alone, and may be asked for again', async () => {
  const userId = `user-${randomUUID()}`;
  const token = await mintToken(userId);
  await using connection = oneConnection(urlOf(0));
  const calls = await connection.enter('/', { auth: { token } });
  await isAnsweredOn(calls);
  const others = await Promise.all(Array.from({ length: CONNECTIONS_PER_USER - 1 }, () => system.otsy(1, userId)));
  const chats = await connection.enter('/chat', { auth: { token } });
  const refused = await Promise.all([closingOf(chats), endOf(chats)]);
  expect(refused).toEqual([expect.objectContaining({ reason: 'too_many_connections', reconnect: true }), 'io server disconnect']);
  await isAnsweredOn(calls);
  await Promise.all(others.map((other) => other[Symbol.asyncDispose]()));
  await until('there is room', async () => (await sessionsOf(userId)) === 1);
  chats.connect();
  await isAnsweredOnChat(chats);
  await isAnsweredOn(calls);
});
