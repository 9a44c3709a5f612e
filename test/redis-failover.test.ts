import { randomUUID } from 'node:crypto';
import { startRedis } from '@trunkline/backing-services';
import { connectRedis, type Publisher, readOnline, startPublisher, startSubscriber } from '@trunkline/bus';
import { UserId } from '@trunkline/contract';
import { startFaultProxy, startSystem, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { startPushSystem } from './push-system.ts';

const PATIENCE_MS = 20_000;
const OPTIONS = { env: { TEST_BACKENDS: 'embedded' }, dataFolder: null, report: () => undefined };

/** Two servers behind one address. The second takes over as some services have it: connections to the first stay, which is its replica then. */
const startPair = async () => {
  await using starting = new AsyncDisposableStack();
  const [first, second] = [starting.use(await startRedis(OPTIONS)), starting.use(await startRedis(OPTIONS))];
  const relay = starting.use(await startFaultProxy(first.url));
  const admin = starting.adopt(
    connectRedis(first.url, 'subscribe', (error) => expect.unreachable(error.message)),
    (redis) => redis.disconnect(),
  );
  const running = starting.move();
  return {
    url: relay.url,
    failOver: async () => {
      const { hostname, port } = new URL(second.url);
      await admin.replicaof(hostname, port);
      relay.leadTo(second.url);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

it('pushes go on when another Redis takes over and connections to the old one stay', { timeout: 60_000 }, async () => {
  await using pair = await startPair();
  await using world = await startPushSystem({ settings: { REDIS_URL: pair.url, LOG_LEVEL: 'silent' } });
  const ring = async (): Promise<void> => {
    const [ann, bob] = [`ann-${randomUUID()}`, `bob-${randomUUID()}`];
    const token = await world.fcm(bob);
    await using caller = await world.system.connect(0, ann);
    await caller.ask('call:initiate', { receiverId: bob });
    await world.arrives(token, 'incoming_call');
  };
  await ring();
  await pair.failOver();
  await ring();
});

it('who is connected when another Redis takes over is online for those who came later, and for those who were there', {
  timeout: 60_000,
}, async () => {
  await using pair = await startPair();
  const prefix = randomUUID();
  await using system = await startSystem({ settings: { REDIS_URL: pair.url, REDIS_PREFIX: prefix, LOG_LEVEL: 'silent' } });
  const ann = `ann-${randomUUID()}`;
  await using _phone = await system.connect(0, ann);
  const viewer = await system.rest(ann);
  await pair.failOver();
  using stack = new DisposableStack();
  const later = stack.adopt(
    connectRedis(pair.url, 'subscribe', () => undefined),
    (redis) => redis.disconnect(),
  );
  await until('online for those who came later', async () => (await readOnline(later, prefix, [ann]))[0], PATIENCE_MS);
  const isOnline = async (): Promise<boolean> => (await viewer.post('/api/v1/users/status', { userIds: [ann] })).body.data[0].online;
  await until('online for those who were there', isOnline, PATIENCE_MS);
});

it('who publishes and who hears meet at the Redis that took over', { timeout: 60_000 }, async () => {
  await using pair = await startPair();
  const options = { redisUrl: pair.url, prefix: randomUUID(), onError: () => undefined };
  const [ann, bob] = [UserId.parse('ann'), UserId.parse('bob')];
  const isHeard = async (publisher: Publisher, userId: UserId): Promise<boolean> =>
    (await publisher.publish([{ topic: 'calls', userId, text: '{}' }]))[0] === 1;
  await using publisher = await startPublisher(options);
  await using subscriber = await startSubscriber(options);
  subscriber.subscribe(ann, () => undefined);
  await until('the two meet', () => isHeard(publisher, ann), PATIENCE_MS);
  await pair.failOver();
  await using laterPublisher = await startPublisher(options);
  await using laterSubscriber = await startSubscriber(options);
  laterSubscriber.subscribe(bob, () => undefined);
  await until('who came later hears who was there', () => isHeard(publisher, bob), PATIENCE_MS);
  await until('who was there hears who came later', () => isHeard(laterPublisher, ann), PATIENCE_MS);
});
