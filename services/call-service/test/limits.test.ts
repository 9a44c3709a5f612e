import { randomUUID } from 'node:crypto';
import type { CommandReply } from '@trunkline/contract';
import { mintToken } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { type RunningCallService, startRunningCallService } from './running-call-service.ts';

const asking = async (service: RunningCallService, userId: string) => {
  const authorization = `Bearer ${await mintToken(userId)}`;
  return (path: string, body?: object): Promise<Response> =>
    fetch(`${service.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
};

const statuses = async (responses: readonly Promise<Response>[]): Promise<number[]> =>
  (await Promise.all(responses)).map(({ status }) => status);

const count = (all: readonly number[], wanted: number): number => all.filter((status) => status === wanted).length;

it('a caller may place so many calls a minute, is told when to come back, and others are not punished', async () => {
  await using service = await startRunningCallService({ LIMIT_INITIATE_PER_MINUTE: '5', BUSY_POLICY: 'ring' });
  const ask = await asking(service, 'ann');
  const seen: number[] = [];
  for (let index = 0; index < 8; index += 1) seen.push((await ask('/api/v1/calls/initiate', { calleeId: `callee-${index}` })).status);
  expect(seen).toEqual([201, 400, 400, 400, 400, 429, 429, 429]);
  const refused = await ask('/api/v1/calls/initiate', { calleeId: 'callee' });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.json()).toEqual({ success: false, message: expect.any(String), data: null });
  const other = await asking(service, 'bob');
  expect((await other('/api/v1/calls/initiate', { calleeId: 'callee' })).status).toBe(201);
});

it('a pair has a limit of its own, and a command over a socket is counted with those over REST', async () => {
  await using service = await startRunningCallService({ LIMIT_INITIATE_PER_PAIR_PER_MINUTE: '2' });
  const ask = await asking(service, 'ann');
  const place = (callee: string) => ask('/api/v1/calls/initiate', { calleeId: callee });
  expect([(await place('bob')).status, (await place('bob')).status, (await place('bob')).status]).toEqual([201, 400, 429]);
  const envelope = {
    commandId: randomUUID(),
    attempt: 1,
    actor: { userId: 'ann', name: null, avatar: null, role: null, deviceId: null, sessionId: null },
    command: { type: 'place_call', calleeId: 'bob' },
    mintedCallId: randomUUID(),
    requestId: null,
    wantsAnswer: true,
    dialect: 'test',
  };
  const { replies } = (await (await service.post('commands', { commands: [envelope] })).json()) as { replies: CommandReply[] };
  expect(replies[0]).toMatchObject({ ok: false, error: { code: 'rate_limited', retryAfterSeconds: expect.any(Number) } });
  expect((await place('cid')).status).toBe(400);
  // What the gateway sends again was counted the first time, and what others place is theirs.
  const again = await service.post('commands', { commands: [{ ...envelope, commandId: randomUUID(), attempt: 2 }] });
  expect(await again.json()).toMatchObject({ replies: [{ ok: false, error: { code: 'invalid_status' } }] });
  expect((await (await asking(service, 'eve'))('/api/v1/calls/initiate', { calleeId: 'bob' })).status).toBe(201);
});

it('a route has a limit for each user, and another route its own', async () => {
  await using service = await startRunningCallService({ LIMIT_REST_PER_MINUTE: '10' });
  const ask = await asking(service, 'ann');
  const seen = await statuses(Array.from({ length: 15 }, () => ask('/api/v1/calls/history')));
  expect([count(seen, 200), count(seen, 429)]).toEqual([10, 5]);
  expect((await ask('/api/v1/calls/ringing')).status).toBe(200);
  const other = await asking(service, 'bob');
  expect((await other('/api/v1/calls/history')).status).toBe(200);
});

it('two replicas count together', async () => {
  const settings = { LIMIT_REST_PER_MINUTE: '10', REDIS_PREFIX: `test-${randomUUID()}` };
  await using first = await startRunningCallService(settings);
  await using second = await startRunningCallService(settings);
  const asks = [await asking(first, 'ann'), await asking(second, 'ann')];
  const seen = await statuses(Array.from({ length: 20 }, (_, index) => (asks[index % 2] as (typeof asks)[0])('/api/v1/calls/history')));
  expect([count(seen, 200), count(seen, 429)]).toEqual([10, 10]);
});

it('without Redis each replica counts for itself', async () => {
  await using service = await startRunningCallService({ LIMIT_REST_PER_MINUTE: '3', REDIS_URL: 'redis://127.0.0.1:1' });
  const ask = await asking(service, 'ann');
  const seen = await statuses(Array.from({ length: 5 }, () => ask('/api/v1/calls/history')));
  expect([count(seen, 200), count(seen, 429)]).toEqual([3, 2]);
});

it('a user may hold so many connections, on all gateways together; the newest are refused', async () => {
  await using service = await startRunningCallService({ LIMIT_CONNECTIONS_PER_USER: '3' });
  const session = (userId: string) => ({ sessionId: randomUUID(), userId, deviceId: null });
  const open = async (gatewayId: string, opened: object[]): Promise<boolean[]> => {
    const response = await service.post('sessions', { gatewayId, opened, closed: [] });
    const { snapshots } = (await response.json()) as { snapshots: { refused: boolean }[] };
    return snapshots.map(({ refused }) => refused);
  };
  const held = [session('ann'), session('ann')];
  expect(await open('gateway-1', held)).toEqual([false, false]);
  expect((await open('gateway-2', [session('ann'), session('ann'), session('bob')])).filter((refused) => refused)).toHaveLength(1);
  expect(await open('gateway-1', held)).toEqual([false, false]);
  await service.post('sessions', { gatewayId: 'gateway-1', opened: [], closed: held });
  expect(await open('gateway-2', [session('ann')])).toEqual([false]);
});
