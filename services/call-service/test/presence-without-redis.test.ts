import { randomUUID } from 'node:crypto';
import { until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { clientOf, serverOf, startChatService } from './chat-door.ts';

it('while Redis is away, the register of sessions says who is online', async () => {
  await using service = await startChatService({ REDIS_URL: 'redis://127.0.0.1:1' });
  const sessionOf = (userId: string) => ({ sessionId: randomUUID(), userId, deviceId: null });
  const [ann, bob, eve] = [sessionOf('ann'), sessionOf('bob'), sessionOf('eve')];
  const report = (opened: object[], closed: object[] = []) => service.post('sessions', { gatewayId: 'gateway', opened, closed });
  await report([ann, sessionOf('ann'), bob, eve]);
  await report([], [ann, bob]);
  await (await clientOf(service, 'eve')).request('PUT', '/api/v1/users/me/blocks/onlooker');
  const onlooker = await clientOf(service, 'onlooker');
  await until('bob was seen to leave', async () => (await onlooker.get('/api/v1/users/bob/status')).body.data?.lastSeenAt);
  const of = (userId: string, online: boolean, lastSeenAt: unknown) => ({ userId, online, lastSeenAt });
  const one = await onlooker.get('/api/v1/users/ann/status');
  expect([one.status, one.body.data]).toEqual([200, of('ann', true, expect.any(String))]);
  const many = await onlooker.post('/api/v1/users/status', { userIds: ['bob', 'nobody', 'ann', 'eve'] });
  expect([many.status, many.body.data]).toEqual([
    200,
    [of('bob', false, expect.any(String)), of('nobody', false, null), of('ann', true, expect.any(String)), of('eve', false, null)],
  ]);
  expect((await serverOf(service).get('/v1/server/users/ann')).body).toMatchObject({ online: true });
  expect((await serverOf(service).get('/v1/server/users/bob')).body).toMatchObject({ online: false });
});
