import { randomUUID } from 'node:crypto';
import { createRestClient, type RestClient, type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectTwo, ring } from './two-phones.ts';

const KEY = 'the-server-key-of-tests-only';

let system: System;
let operator: RestClient;
let backend: RestClient;

beforeAll(async () => {
  system = await startSystem({ callServices: 2, settings: { SERVER_API_KEYS: KEY, UNREACHABLE_GRACE_SECONDS: '120' } });
  operator = createRestClient(system.callServices[0]?.url as string, KEY);
  const { key } = (await operator.post('/v1/server/keys', { name: 'laravel' })).body;
  backend = createRestClient(system.callServices[1]?.url as string, key);
});
afterAll(() => system[Symbol.asyncDispose]());

const stepsOf = async (callId: string): Promise<{ kind: string; detail: Record<string, unknown> | null }[]> =>
  (await backend.get(`/v1/server/calls/${callId}/trace`)).body.steps;

it('the backend rejects for the callee: the caller hears it at once, and trace and audit say who did it', async () => {
  await using phones = await connectTwo(system, ['onlycare', 'chattrix-ws']);
  const { callId } = await ring(phones);
  const rejected = await backend.post(`/v1/server/calls/${callId}/reject`, { userId: phones.callee.userId, reason: 'In a meeting' });
  expect([rejected.status, rejected.body]).toEqual([
    200,
    expect.objectContaining({
      id: callId,
      status: 'REJECTED',
      reason: 'declined',
      reasonText: 'In a meeting',
      endedBy: phones.callee.userId,
    }),
  ]);
  expect((await phones.caller.hears('rejected', callId)).frame.body).toMatchObject({ callId, reason: 'In a meeting' });
  const step = (await stepsOf(callId)).find(({ kind }) => kind === 'call_rejected');
  expect(step?.detail).toEqual({ by: 'server:laravel', reason: 'In a meeting' });
  expect((await backend.get(`/v1/server/audit?callId=${callId}`)).body.items).toMatchObject([
    { key: 'laravel', action: 'reject_call', userId: phones.callee.userId, detail: { outcome: 'ok', reason: 'In a meeting' } },
  ]);
});

it('a call that the backend places rings, is accepted for the callee, which stops its devices, and is ended', async () => {
  await using phones = await connectTwo(system, ['otomo', 'onlycare']);
  const [callerId, calleeId] = [phones.caller.userId, phones.callee.userId];
  const placed = await backend.post('/v1/server/calls', { callerId, calleeId, callType: 'VIDEO', callerName: 'Ann', reason: 'queued' });
  expect([placed.status, placed.body]).toEqual([
    201,
    expect.objectContaining({ callerId, calleeId, callType: 'VIDEO', status: 'INITIATING' }),
  ]);
  const callId = placed.body.id;
  expect((await phones.callee.hears('incoming', callId)).frame.body).toMatchObject({ callerName: 'Ann', callType: 'VIDEO' });
  expect((await backend.post(`/v1/server/calls/${callId}/accept`, { userId: calleeId })).body).toMatchObject({ status: 'CONNECTING' });
  await phones.caller.hears('accepted', callId);
  await phones.callee.hears('cancelled', callId);
  expect((await backend.post(`/v1/server/calls/${callId}/end`, { userId: callerId, reason: 'out of credit' })).body).toMatchObject({
    status: 'ENDED',
    endedBy: callerId,
    reasonText: 'out of credit',
    durationSeconds: expect.any(Number),
  });
  await phones.caller.hears('ended', callId);
  const by = (await stepsOf(callId)).flatMap(({ kind, detail }) => (detail?.['by'] === undefined ? [] : [[kind, detail]]));
  expect(by).toEqual([
    ['call_placed', { by: 'server:laravel', reason: 'queued' }],
    ['call_accepted', { by: 'server:laravel' }],
    ['call_ended', { by: 'server:laravel', reason: 'out of credit' }],
  ]);
});

it('the backend cancels for the caller', async () => {
  await using phones = await connectTwo(system, ['chattrix-rest', 'otomo']);
  const { callId } = await ring(phones);
  expect((await backend.post(`/v1/server/calls/${callId}/cancel`, { userId: phones.caller.userId })).body).toMatchObject({
    status: 'CANCELLED',
  });
  await phones.callee.hears('cancelled', callId);
});

it('is held to the rules of clients: the right side, the right state, a call that there is', async () => {
  await using phones = await connectTwo(system, ['onlycare', 'otomo']);
  const { callId } = await ring(phones);
  const [callerId, calleeId] = [phones.caller.userId, phones.callee.userId];
  const act = async (verb: string, userId: string, id = callId) => {
    const { status, body } = await backend.post(`/v1/server/calls/${id}/${verb}`, { userId });
    return [status, body.error?.code ?? body.status, body.error?.status];
  };
  expect(await act('accept', callerId)).toEqual([403, 'unauthorized', undefined]);
  expect(await act('cancel', calleeId)).toEqual([403, 'unauthorized', undefined]);
  expect(await act('end', 'a-stranger')).toEqual([403, 'unauthorized', undefined]);
  expect(await act('end', callerId)).toEqual([400, 'invalid_status', 'RINGING']);
  expect(await act('reject', calleeId)).toEqual([200, 'REJECTED', undefined]);
  expect(await act('accept', calleeId)).toEqual([400, 'invalid_status', 'REJECTED']);
  expect(await act('accept', calleeId, 'no-such-call')).toEqual([404, 'call_not_found', undefined]);
  expect((await backend.post(`/v1/server/calls/${callId}/accept`, {})).body.error).toMatchObject({ code: 'parse_error', field: 'userId' });
  expect((await backend.post(`/v1/server/calls/${callId}/fly`, { userId: calleeId })).status).toBe(404);
  const outcomes = (await backend.get(`/v1/server/audit?callId=${callId}&action=accept_call`)).body.items;
  expect(outcomes.map(({ detail }: { detail: { outcome: string } }) => detail.outcome)).toEqual(['invalid_status', 'unauthorized']);
});

it('a request that is sent again under its Idempotency-Key changes nothing and is audited once, whatever ids the devices chose', async () => {
  await using phones = await connectTwo(system, ['chattrix-rest', 'onlycare']);
  const [callerId, calleeId] = [phones.caller.userId, phones.callee.userId];
  const key = { 'idempotency-key': `key-${randomUUID()}` };
  const first = await backend.post('/v1/server/calls', { callerId, calleeId }, key);
  const again = await operator.post('/v1/server/calls', { callerId, calleeId }, key);
  expect([again.status, again.body.id]).toEqual([201, first.body.id]);
  expect((await backend.post('/v1/server/calls', { callerId, calleeId, callType: 'VIDEO' }, key)).status).toBe(409);
  expect((await backend.get(`/v1/server/audit?userId=${callerId}`)).body.items).toHaveLength(1);
  // The same id from the user's own device is another request.
  const own = await (await system.rest(callerId)).post('/api/v1/calls/initiate', { calleeId }, key);
  expect([own.status, own.body.message]).toEqual([400, 'You already have an outgoing call']);
  expect((await backend.post('/v1/server/calls', { callerId, calleeId }, { 'idempotency-key': 'x'.repeat(129) })).status).toBe(400);
});

it('a busy callee is 201 with REJECTED, and no limit of clients applies', async () => {
  await using limited = await startSystem({ gateways: 1, settings: { SERVER_API_KEYS: KEY, LIMIT_INITIATE_PER_MINUTE: '1' } });
  const server = createRestClient(limited.callServices[0]?.url as string, KEY);
  const place = (callerId: string) => server.post('/v1/server/calls', { callerId, calleeId: 'bob' });
  const statuses: unknown[] = [];
  for (const callerId of ['ann', 'eve', 'eve', 'eve']) {
    const { status, body } = await place(callerId);
    statuses.push([status, body.status, body.reason]);
  }
  expect(statuses).toEqual([[201, 'INITIATING', null], ...Array.from({ length: 3 }, () => [201, 'REJECTED', 'busy'])]);
});

it('a call is read by either id, and lists find it by user, state, reason and time, page by page', async () => {
  const [ann, bob] = [`ann-${randomUUID()}`, `bob-${randomUUID()}`];
  const ids: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    const { body } = await backend.post('/v1/server/calls', { callerId: ann, calleeId: bob });
    ids.unshift(body.id);
    if (index < 4) await backend.post(`/v1/server/calls/${body.id}/cancel`, { userId: ann });
  }
  const list = async (query: string): Promise<string[]> => {
    const found: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await backend.get(`/v1/server/calls?limit=2&${query}${cursor === '' ? '' : `&cursor=${cursor}`}`);
      found.push(...body.items.map(({ id }: { id: string }) => id));
      cursor = body.nextCursor;
    }
    return found;
  };
  expect(await list(`userId=${ann}`)).toEqual(ids);
  expect(await list(`userId=${bob}&state=CANCELLED`)).toEqual(ids.slice(1));
  expect(await list(`userId=${bob}&state=live`)).toEqual(ids.slice(0, 1));
  expect(await list(`userId=${bob}&state=over&reason=cancelled`)).toEqual(ids.slice(1));
  expect(await list(`userId=${bob}&reason=busy`)).toEqual([]);
  const everybodys = await list('');
  expect(everybodys.filter((id) => ids.includes(id))).toEqual(ids);
  expect((await list('state=live')).filter((id) => ids.includes(id))).toEqual(ids.slice(0, 1));
  const middle = (await backend.get(`/v1/server/calls/${ids[2]}`)).body;
  expect(middle).toMatchObject({ id: ids[2], callerId: ann, calleeId: bob, status: 'CANCELLED', hiddenFromCallee: false });
  const since = encodeURIComponent(middle.createdAt);
  for (const who of [`userId=${ann}&`, '']) {
    expect((await list(`${who}since=${since}`)).filter((id) => ids.includes(id))).toEqual(ids.slice(0, 3));
    expect((await list(`${who}until=${since}`)).filter((id) => ids.includes(id))).toEqual(ids.slice(3));
  }
  for (const query of ['state=LATE', 'limit=101', 'since=x', 'cursor=x', 'reason=x'])
    expect([query, (await backend.get(`/v1/server/calls?${query}`)).status]).toEqual([query, 400]);
  expect((await backend.get('/v1/server/calls/no-such-call')).body.error.code).toBe('call_not_found');
});

it('a call that a block hides from its callee is in the list of the callee all the same', async () => {
  const [ann, bob] = [`ann-${randomUUID()}`, `bob-${randomUUID()}`];
  await (await system.rest(bob)).request('PUT', `/api/v1/users/me/blocks/${ann}`);
  const { id } = (await backend.post('/v1/server/calls', { callerId: ann, calleeId: bob })).body;
  expect((await backend.get(`/v1/server/calls?userId=${bob}`)).body.items).toMatchObject([{ id, hiddenFromCallee: true }]);
});

it('of a user the operator sees connections, targets without tokens, and live calls', async () => {
  await using phones = await connectTwo(system, ['onlycare', 'otomo']);
  const { callId } = await ring(phones);
  const { userId, deviceId } = phones.callee;
  const rest = await system.rest(userId);
  const token = `secret-token-${randomUUID()}`;
  expect((await rest.post('/v1/notifications/devices', { token, platform: 'android' })).status).toBeLessThan(300);
  const seen = await until('the session is known', async () => {
    const answer = await backend.get(`/v1/server/users/${userId}`);
    return answer.body.sessions.length === 1 && answer;
  });
  expect(seen.body).toEqual({
    userId,
    online: true,
    lastSeenAt: null,
    sessions: [{ id: expect.any(String), gatewayId: expect.any(String), deviceId, hears: 'calls', openedAt: expect.any(String) }],
    targets: [expect.objectContaining({ provider: 'fcm', platform: 'android', kind: 'token' })],
    liveCalls: [expect.objectContaining({ id: callId, status: 'RINGING' })],
  });
  expect(seen.text).not.toContain(token);
  expect((await backend.get('/v1/server/users/nobody-yet')).body).toEqual({
    userId: 'nobody-yet',
    online: false,
    lastSeenAt: null,
    sessions: [],
    targets: [],
    liveCalls: [],
  });
});
