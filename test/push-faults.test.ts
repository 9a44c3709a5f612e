import { randomUUID } from 'node:crypto';
import { startRedis } from '@trunkline/backing-services';
import { expect, it } from 'vitest';
import { dataOf, startPushSystem } from './push-system.ts';

it('Redis flushed before any notifier took the jobs: ring and stop arrive all the same, each once', async () => {
  await using redis = await startRedis({ env: {}, dataFolder: null, report: () => undefined });
  const settings = { REDIS_URL: redis.url, LOG_LEVEL: 'silent' };
  await using world = await startPushSystem({ callServices: 2, asProcesses: ['notifier'], settings });
  const [ann, bob] = [`ann-${randomUUID()}`, `bob-${randomUUID()}`];
  const token = await world.fcm(bob);
  const notifier = world.system.process('notifier', 0);
  await using caller = await world.system.connect(0, ann);
  await notifier.kill();
  const { call } = await caller.ask('call:initiate', { receiverId: bob });
  await world.system.redis.flushall();
  await notifier.start();
  await world.arrives(token, 'incoming_call');
  await caller.hears('call:ringing');
  await notifier.kill();
  await caller.ask('call:cancel', { callId: call?.id });
  await world.system.redis.flushall();
  await notifier.start();
  expect(dataOf(await world.arrives(token, 'call_cancelled'))).toMatchObject({ callId: call?.id, reason: 'cancelled' });
  await world.arrives(token, 'missed_call');
  expect(world.typesAt(token)).toEqual(['incoming_call', 'call_cancelled', 'missed_call']);
}, 90_000);

it('a notifier killed with a ring in its hands: the ring does not follow its stop', async () => {
  await using world = await startPushSystem({ asProcesses: ['notifier'], settings: { LOG_LEVEL: 'silent' } });
  const [ann, bob] = [`ann-${randomUUID()}`, `bob-${randomUUID()}`];
  const token = await world.fcm(bob);
  world.standIn.script({ target: token, status: null, delayMs: 4000 });
  const notifier = world.system.process('notifier', 0);
  await using caller = await world.system.connect(0, ann);
  const { call } = await caller.ask('call:initiate', { receiverId: bob });
  await world.arrives(token, 'incoming_call');
  await notifier.kill();
  await caller.ask('call:cancel', { callId: call?.id });
  await notifier.start();
  await world.arrives(token, 'missed_call');
  expect(world.typesAt(token)).toEqual(['incoming_call', 'call_cancelled', 'missed_call']);
}, 90_000);
