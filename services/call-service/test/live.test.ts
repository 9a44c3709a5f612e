import { randomUUID } from 'node:crypto';
import { type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

const KEY = 'a-server-key-of-tests';

let system: System;

beforeAll(async () => {
  system = await startSystem({ settings: { SERVER_API_KEYS: KEY } });
});
afterAll(() => system[Symbol.asyncDispose]());

interface Answer {
  gateways: { calls: number; chats: number }[];
  calls: Record<string, number>;
  waiting: object;
  recent: { buckets: { placed: number; answered: number; unanswered: number; ringMsP95: number }[] };
  items: object[];
}

const ask = async (path: string, key = KEY) => {
  const response = await fetch(`${system.callServices[0]?.url}${path}`, { headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, body: (await response.json()) as Answer };
};

it('tells how many are connected where, which calls live, and how calls went of late', async () => {
  const [ann, bob] = [`ann-${randomUUID()}`, `bob-${randomUUID()}`];
  await using caller = await system.phone('onlycare', 0, ann, { deviceId: 'd1' });
  await using callee = await system.phone('otomo', 1, bob, { deviceId: 'd2' });
  await using chatting = await system.otsy(1, ann);
  expect(chatting).toBeDefined();
  const callId = `call-${randomUUID()}`;
  await caller.place({ calleeId: bob, callId });
  await caller.hears('ringing', callId);
  await until('the sessions and the call are seen', async () => {
    const { body } = await ask('/v1/server/live');
    const sums = body.gateways.map(({ calls, chats }) => `${calls}+${chats}`).sort();
    return sums.join() === '1+0,1+1' && body.calls['RINGING'] === 1;
  });
  await callee.accept(callId);
  await until('it is counted as answered, with the time that its ring took', async () => {
    const { recent, calls } = (await ask('/v1/server/live')).body;
    const [bucket] = recent.buckets;
    return (
      calls['CONNECTING'] === 1 && bucket?.placed === 1 && bucket.answered === 1 && bucket.unanswered === 0 && (bucket.ringMsP95 ?? -1) >= 0
    );
  });
  const { waiting, recent } = (await ask('/v1/server/live')).body;
  expect(waiting).toMatchObject({ outboxEvents: expect.any(Number), pushes: expect.any(Number), overdueSeconds: expect.any(Number) });
  expect(recent).toMatchObject({ minutes: 5, bucketSeconds: 10, isSample: false });
  await caller.end(callId);
});

it('lists pushes of everybody, of a user and of a call, without the address of their target', async () => {
  const [ann, bob] = [`ann-${randomUUID()}`, `bob-${randomUUID()}`];
  const rest = await system.rest(bob, { deviceId: 'phone' });
  const token = `token-${randomUUID()}`;
  const registered = await rest.post('/v1/notifications/devices', { token, platform: 'android' });
  expect(registered.status).toBeLessThan(300);
  await using caller = await system.phone('onlycare', 0, ann);
  const callId = `call-${randomUUID()}`;
  await caller.place({ calleeId: bob, callId });
  await until('the ring is queued as a push', async () => (await ask(`/v1/server/pushes?callId=${callId}`)).body.items.length > 0);
  for (const query of [`?callId=${callId}`, `?userId=${bob}`, '']) {
    const { body } = await ask(`/v1/server/pushes${query}`);
    expect(body.items, query).toContainEqual(
      expect.objectContaining({ userId: bob, callId, type: 'incoming_call', provider: 'fcm', platform: 'android', deviceId: 'phone' }),
    );
    expect(JSON.stringify(body)).not.toContain(token);
  }
  expect((await ask('/v1/server/pushes?userId=nobody')).body).toEqual({ items: [] });
});

it.each([
  ['/v1/server/pushes?limit=0', 'limit'],
  ['/v1/server/pushes?limit=many', 'limit'],
  ['/v1/server/pushes?userId=', 'userId'],
  ['/v1/server/stats?minutes=0', 'minutes'],
  ['/v1/server/stats?minutes=1441', 'minutes'],
  ['/v1/server/steps?after=now', 'after'],
  ['/v1/server/steps?callId=c&userId=u', 'userId'],
])('%s is refused by the name of its field: %s', async (path, field) => {
  const { status, body } = await ask(path);
  expect([status, body]).toMatchObject([400, { error: { code: 'parse_error', field, message: expect.stringContaining(`${field}: `) } }]);
});

it('tells nobody without a key', async () => {
  for (const path of ['/v1/server/live', '/v1/server/pushes']) expect((await ask(path, 'another-key')).status, path).toBe(401);
});
