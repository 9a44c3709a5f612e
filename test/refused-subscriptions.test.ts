import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { startRedisCluster } from '@trunkline/backing-services';
import { startPublisher, startSubscriber } from '@trunkline/bus';
import { UserId } from '@trunkline/contract';
import { backingUrls, startSystem } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { join, openRoom, startChatSystem } from './chat-room.ts';
import { createHearer } from './redis-hearer.ts';

const [ANN, BEN] = [UserId.parse('ann'), UserId.parse('ben')];
const NO_EVENT = 'an event on the bus is not what the contract says';

/** A subscriber that may not hear Ann at first. */
const start = async (redisUrl = backingUrls().redisUrl) => {
  await using starting = new AsyncDisposableStack();
  const prefix = randomUUID();
  const hearer = starting.use(await createHearer(redisUrl, '*:probe:*', '*:notices', `*:calls:${BEN}`));
  const seen = { refusals: 0, events: 0, gaps: 0 };
  const onError = ({ message }: Error): void => {
    if (message.startsWith('NOPERM')) seen.refusals += 1;
    // What is published here is none, and so is told as an error once it was heard.
    if (message === NO_EVENT) seen.events += 1;
  };
  const subscriber = starting.use(await startSubscriber({ redisUrl: hearer.url, prefix, onError }));
  subscriber.onGapEnded(() => {
    seen.gaps += 1;
  });
  const publisher = starting.use(await startPublisher({ redisUrl, prefix, onError: (error) => expect.unreachable(error.message) }));
  const isHeard = async (userId: UserId): Promise<boolean> => {
    const before = seen.events;
    if ((await publisher.publish([{ userId, topic: 'calls', text: '{}' }]))[0] !== 1) return false;
    await expect.poll(() => seen.events).toBe(before + 1);
    return true;
  };
  const subscribe = (userId: UserId) => {
    const subscription = subscriber.subscribe(userId, () => expect.unreachable());
    const asked = { isInForce: false, end: () => subscription.end() };
    void subscription.inForce.then(() => {
      asked.isInForce = true;
    });
    return asked;
  };
  const running = starting.move();
  return { allow: hearer.allow, isHeard, subscribe, seen, [Symbol.asyncDispose]: () => running.disposeAsync() };
};

it('a subscription that Redis refused is not in force, and is tried until it is', async () => {
  await using redis = await start();
  const [ann, ben] = [redis.subscribe(ANN), redis.subscribe(BEN)];
  await expect.poll(() => redis.seen.refusals).toBeGreaterThan(1);
  expect([ann.isInForce, ben.isInForce]).toEqual([false, true]);
  expect(await redis.isHeard(ANN)).toBe(false);
  await redis.allow('*');
  await expect.poll(() => ann.isInForce).toBe(true);
  expect(await redis.isHeard(ANN)).toBe(true);
});

it('what was published before a refused subscription came into force may be missing, and whoever listens is told so once', async () => {
  await using redis = await start();
  const [first, second] = [redis.subscribe(ANN), redis.subscribe(UserId.parse('eve'))];
  await expect.poll(() => redis.seen.refusals).toBeGreaterThan(1);
  expect(redis.seen.gaps).toBe(0);
  await redis.allow('*');
  await expect.poll(() => first.isInForce && second.isInForce).toBe(true);
  await expect.poll(() => redis.seen.gaps).toBe(1);
});

it('a refused subscription that ended is not tried again', async () => {
  await using redis = await start();
  const [ann, eve] = [redis.subscribe(ANN), redis.subscribe(UserId.parse('eve'))];
  await expect.poll(() => redis.seen.refusals).toBeGreaterThan(1);
  ann.end();
  await redis.allow('*');
  await expect.poll(() => eve.isInForce).toBe(true);
  expect(await redis.isHeard(ANN)).toBe(false);
});

it('a subscription that is refused on a new connection is tried again too, and not in force meanwhile', async () => {
  await using redis = await start();
  const ben = redis.subscribe(BEN);
  await expect.poll(() => ben.isInForce).toBe(true);
  await redis.allow('*:probe:*', '*:notices');
  await expect.poll(() => redis.seen.refusals).toBeGreaterThan(1);
  const late = redis.subscribe(BEN);
  expect(await redis.isHeard(BEN)).toBe(false);
  expect(late.isInForce).toBe(false);
  await redis.allow('*');
  await expect.poll(() => late.isInForce).toBe(true);
  expect(await redis.isHeard(BEN)).toBe(true);
});

it('a subscription that a node of a cluster refused is tried until it is in force', async () => {
  await using started = new AsyncDisposableStack();
  const dataFolder = started.adopt(await mkdtemp(joinPath(tmpdir(), 'trunkline-refusing-')), (path) => rm(path, { recursive: true }));
  const cluster = started.use(await startRedisCluster({ masters: 3, dataFolder, report: (line) => process.stderr.write(`${line}\n`) }));
  await using redis = await start(cluster.url);
  const ann = redis.subscribe(ANN);
  await expect.poll(() => redis.seen.refusals).toBeGreaterThan(1);
  expect(ann.isInForce).toBe(false);
  await redis.allow('*');
  await expect.poll(() => ann.isInForce).toBe(true);
  await expect.poll(() => redis.isHeard(ANN)).toBe(true);
});

it('a phone whose subscription was refused rings once Redis takes it', async () => {
  await using hearer = await createHearer(backingUrls().redisUrl, '*:probe:*', '*:notices', '*:rooms*');
  await using system = await startSystem({ settings: { REDIS_URL: hearer.url } });
  await using caller = await system.connect(0, 'caller');
  await using callee = await system.connect(1, 'callee');
  const { call } = await caller.ask('call:initiate', { receiverId: 'callee' });
  await hearer.allow('*');
  expect(await callee.hears('call:incoming')).toMatchObject({ callId: call?.id });
});

it('a chat room that was refused is heard once Redis takes it', async () => {
  await using hearer = await createHearer(backingUrls().redisUrl, '*:probe:*', '*:notices', '*:calls:*', '*:chats:*');
  await using system = await startChatSystem({ settings: { REDIS_URL: hearer.url } });
  const { chatId, userId, shopperId } = await openRoom(system);
  await using user = await system.otsy(0, userId);
  await using shopper = await system.otsy(1, shopperId);
  await Promise.all([join(user, chatId), join(shopper, chatId)]);
  expect(await user.ask('typing_indicator', { chatId, action: 'start' })).toEqual({ ok: true });
  expect(shopper.bodies('typing_indicator')).toEqual([]);
  await hearer.allow('*');
  const type = async (): Promise<number> => {
    for (const action of ['stop', 'start']) await user.ask('typing_indicator', { chatId, action });
    return shopper.bodies('typing_indicator').length;
  };
  await expect.poll(type).toBeGreaterThan(0);
});
