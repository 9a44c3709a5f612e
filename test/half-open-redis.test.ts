import { randomUUID } from 'node:crypto';
import { connectRedis, startPublisher, startSubscriber, tellAbsence } from '@trunkline/bus';
import { UserId } from '@trunkline/contract';
import { backingUrls, startFaultProxy, until } from '@trunkline/testing';
import { expect, it } from 'vitest';

const PATIENCE_MS = 60_000;
/** Longer, and people would have been deaf without anybody's knowing. */
const NOTICED_WITHIN_MS = 10_000;
const ANN = UserId.parse('ann');
const ignore = (): void => undefined;

it('a publisher gives a half-open connection up and makes another', { timeout: PATIENCE_MS }, async () => {
  await using relay = await startFaultProxy(backingUrls().redisUrl);
  await using publisher = await startPublisher({ redisUrl: relay.url, prefix: randomUUID(), onError: ignore });
  const isTaken = async (): Promise<boolean> => (await publisher.publish([{ topic: 'calls', userId: ANN, text: '{}' }]))[0] !== null;
  expect(await isTaken()).toBe(true);
  relay.swallow();
  expect(await isTaken()).toBe(false);
  relay.pass();
  await until('Redis takes events again', isTaken, PATIENCE_MS);
});

it('a subscriber hears again after one half-open connection upon the other', { timeout: PATIENCE_MS }, async () => {
  await using relay = await startFaultProxy(backingUrls().redisUrl);
  await using subscriber = await startSubscriber({ redisUrl: relay.url, prefix: randomUUID(), onError: ignore });
  await until('it hears', () => subscriber.isHearing(), PATIENCE_MS);
  const before = relay.connections;
  relay.swallow();
  await until('it has noticed', () => !subscriber.isHearing(), NOTICED_WITHIN_MS);
  await until('it tries again, in vain', () => relay.connections > before + 1, PATIENCE_MS);
  relay.pass();
  await until('it hears again', () => subscriber.isHearing(), PATIENCE_MS);
});

it('who asks is told once that Redis is away and once that it is back, however often it was tried in vain', {
  timeout: PATIENCE_MS,
}, async () => {
  await using relay = await startFaultProxy(backingUrls().redisUrl);
  const told: string[] = [];
  const redis = connectRedis(relay.url, 'command', ignore);
  using _redis = { [Symbol.dispose]: () => redis.disconnect() };
  tellAbsence(redis, { onAway: ({ message }) => told.push(message), onBack: () => told.push('back') });
  await until('it is there', () => redis.status === 'ready');
  let tries = 0;
  redis.on('error', () => {
    tries += 1;
  });
  for (const times of [3, 6]) {
    await relay.close();
    await until('it was tried in vain', () => tries >= times);
    await relay.open();
    await until('it is back', () => redis.status === 'ready');
  }
  expect(told.map((said) => said === 'back')).toEqual([false, true, false, true]);
});
