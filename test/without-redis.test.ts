import { randomUUID } from 'node:crypto';
import { startRedis } from '@trunkline/backing-services';
import { startSystem, until } from '@trunkline/testing';
import { expect, it } from 'vitest';

const OPTIONS = { env: { TEST_BACKENDS: 'embedded' }, dataFolder: null, report: () => undefined };

it('with Redis gone, a call between users of one gateway lives from ring to end, and those of another hear when it is back', async () => {
  await using redis = await startRedis(OPTIONS);
  await using system = await startSystem({ settings: { REDIS_URL: redis.url } });
  const [callerId, calleeId, farId] = [`caller-${randomUUID()}`, `callee-${randomUUID()}`, `far-${randomUUID()}`];
  await using caller = await system.connect(0, callerId);
  await using callee = await system.connect(0, calleeId, { deviceId: 'phone' });
  await using tablet = await system.connect(0, calleeId, { deviceId: 'tablet' });
  await using far = await system.connect(1, farId);
  await using toFar = await system.connect(0, `caller-${randomUUID()}`);
  const farCall = await toFar.ask('call:initiate', { receiverId: farId });
  await far.hears('call:incoming');

  process.kill(redis.pid as number, 'SIGKILL');
  await until('everybody says that Redis is away', async () => {
    const urls = [...system.gateways, ...system.callServices].map(({ url }) => `${url}/readyz`);
    const said = await Promise.all(urls.map(async (url) => (await fetch(url)).json() as Promise<{ checks: { redis: boolean } }>));
    return said.every(({ checks }) => !checks.redis);
  });

  const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
  await Promise.all([callee.hears('call:incoming'), tablet.hears('call:incoming'), caller.hears('call:ringing')]);
  expect(await callee.ask('call:accept', { callId: call?.id })).toMatchObject({ ok: true });
  await caller.hears('call:accepted');
  expect(await tablet.hears('call:cancelled')).toMatchObject({ callId: call?.id, reason: 'answered_elsewhere' });
  expect(await caller.ask('call:end', { callId: call?.id })).toMatchObject({ ok: true });
  await callee.hears('call:ended');
  expect(await toFar.ask('call:cancel', { callId: farCall.call?.id })).toMatchObject({ ok: true });

  await using back = await startRedis({ ...OPTIONS, port: Number(new URL(redis.url).port) });
  expect(back.url).toBe(redis.url);
  expect(await far.hears('call:cancelled')).toMatchObject({ callId: farCall.call?.id });
  await until('everything was published', async () => (await system.database.query('SELECT FROM outbox')).length === 0);
  expect(callee.namesFor(call?.id as string)).toEqual(['call:incoming', 'call:ended']);
  expect(caller.namesFor(call?.id as string)).toEqual(['call:ringing', 'call:accepted']);
});
