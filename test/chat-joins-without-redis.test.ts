import { randomUUID } from 'node:crypto';
import { startRedis } from '@trunkline/backing-services';
import { backingUrls, type OtsyClient, type System, startFaultProxy, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { backendOf, join, say, startChatSystem } from './chat-room.ts';
import { createHearer } from './redis-hearer.ts';

/** As many as an app may have open when it comes back, and more than its patience with an answer has seconds. */
const CHATS = 12;
const NO_ROOMS = ['*:probe:*', '*:notices', '*:calls:*', '*:chats:*'];

/** Chats of one user with one shopper. */
const openChats = async (system: System, userId: string, shopperId: string): Promise<string[]> => {
  const backend = backendOf(system);
  const opened = Array.from({ length: CHATS }, (_, index) =>
    backend.post('/v1/chat', { order_id: `order-${index}`, user_id: userId, shopper_id: shopperId }),
  );
  return (await Promise.all(opened)).map(({ body }) => body.id);
};

/** What an app does that is back: it joins what it had joined, and sends what waits, all at once. */
const comeBack = async (client: OtsyClient, chatIds: readonly string[]): Promise<boolean[]> => {
  const joins = chatIds.map((chatId) => client.ask('join_chat', { chat_id: chatId }));
  const answers = await Promise.all([...joins, say(client, chatIds[0] as string, 'I am back')]);
  return answers.map(({ ok }) => ok);
};

const ALL_DONE = Array.from({ length: CHATS + 1 }, () => true);

const people = () => ({ userId: `user-${randomUUID()}`, shopperId: `shopper-${randomUUID()}` });

it('joins are answered while Redis refuses a room of somebody else', async () => {
  const { userId, shopperId } = people();
  const allowed = [...NO_ROOMS, '*:rooms#/#*', '*:rooms#/chat#', `*:rooms#/chat#chat:*:${userId}#`];
  await using hearer = await createHearer(backingUrls().redisUrl, ...allowed);
  await using system = await startChatSystem({ gateways: 1, settings: { REDIS_URL: hearer.url } });
  const chatIds = await openChats(system, userId, shopperId);
  await using shopper = await system.otsy(0, shopperId);
  await join(shopper, chatIds[0] as string);
  await using user = await system.otsy(0, userId);
  expect(await comeBack(user, chatIds)).toEqual(ALL_DONE);
  const roomsHeard = async (id: string): Promise<number> =>
    ((await system.redis.call('PUBSUB', 'SHARDCHANNELS', `*#/chat#*:${id}#`)) as unknown[]).length;
  expect([await roomsHeard(userId), await roomsHeard(shopperId)]).toEqual([CHATS, 0]);
});

it('joins are answered while Redis refuses every room', async () => {
  await using hearer = await createHearer(backingUrls().redisUrl, ...NO_ROOMS);
  await using system = await startChatSystem({ gateways: 1, settings: { REDIS_URL: hearer.url } });
  const { userId, shopperId } = people();
  const chatIds = await openChats(system, userId, shopperId);
  await using user = await system.otsy(0, userId);
  expect(await comeBack(user, chatIds)).toEqual(ALL_DONE);
});

it('joins are answered while Redis says nothing', async () => {
  await using relay = await startFaultProxy(backingUrls().redisUrl);
  await using system = await startChatSystem({ gateways: 1, settings: { REDIS_URL: relay.url } });
  const { userId, shopperId } = people();
  const chatIds = await openChats(system, userId, shopperId);
  await using user = await system.otsy(0, userId);
  relay.swallow();
  try {
    expect(await comeBack(user, chatIds)).toEqual(ALL_DONE);
  } finally {
    relay.refuse();
  }
});

it('joins are answered while Redis is away, and the rooms are heard when it is back', async () => {
  const options = { env: {}, dataFolder: null, report: () => undefined };
  await using redis = await startRedis(options);
  await using system = await startChatSystem({ settings: { REDIS_URL: redis.url } });
  const { userId, shopperId } = people();
  const chatIds = await openChats(system, userId, shopperId);
  const chatId = chatIds[0] as string;
  await using user = await system.otsy(0, userId);
  await using shopper = await system.otsy(1, shopperId);
  process.kill(redis.pid as number, 'SIGKILL');
  expect(await comeBack(user, chatIds)).toEqual(ALL_DONE);
  await join(shopper, chatId);
  await using back = await startRedis({ ...options, port: Number(new URL(redis.url).port) });
  expect(back.url).toBe(redis.url);
  await until('typing is heard on the other gateway', async () => {
    for (const action of ['stop', 'start']) await shopper.ask('typing_indicator', { chatId, action });
    return user.bodies('typing_indicator').length > 0;
  });
});
