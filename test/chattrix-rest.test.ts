import { randomUUID } from 'node:crypto';
import { mintToken, type RestAnswer, type RestClient, type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aMoment, anIsoTime, expectLiteral } from './literal.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem({ callServices: 2 });
});
afterAll(() => system[Symbol.asyncDispose]());

const VERBS = ['accept', 'reject', 'cancel', 'end'] as const;

interface Pair {
  callerId: string;
  calleeId: string;
  caller: RestClient;
  callee: RestClient;
}

const twoPeople = async (): Promise<Pair> => {
  const [callerId, calleeId] = [`caller-${randomUUID()}`, `callee-${randomUUID()}`];
  const [caller, callee] = await Promise.all([system.rest(callerId), system.rest(calleeId, {}, 1)]);
  return { callerId, calleeId, caller, callee };
};

interface Placed extends Pair {
  callId: string;
}

const placed = async (body: object = {}): Promise<Placed> => {
  const pair = await twoPeople();
  const { body: answer } = await pair.caller.post('/api/v1/calls/initiate', { calleeId: pair.calleeId, ...body });
  return { ...pair, callId: answer.data.id };
};

const accepted = async (): Promise<Placed> => {
  const call = await placed();
  expect((await call.callee.post(`/api/v1/calls/${call.callId}/accept`, {})).status).toBe(200);
  return call;
};

const setStatus = (client: RestClient, callId: string, status: unknown): Promise<RestAnswer> =>
  client.request('PATCH', `/api/v1/calls/${callId}/status`, { status });

const expectRefused = (answer: RestAnswer, status: number, message: unknown = expect.any(String)): void => {
  expect(answer.status).toBe(status);
  expectLiteral(answer.body, { success: false, message, data: null });
};

const expectDone = (answer: RestAnswer, status: number, message: string, data: object): void => {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expectLiteral(answer.body, { success: true, message, data });
};

/** What a command changes; that nobody hears the ring is noted behind it. */
const callRow = (callId: string) =>
  system.database.query<{ state: string }>(
    'SELECT state, seq, reason, ended_by, answered_by_device, accepted_at, ended_at, updated_at FROM calls WHERE id = $1',
    [callId],
  );

/** What every call object begins with, and what it ends with. */
const first = ({ callId, callerId, calleeId }: Placed, status: string) => ({
  id: callId,
  callerId,
  calleeId,
  callType: 'AUDIO',
  status,
  channelId: callId,
});
const last = { createdAt: anIsoTime, updatedAt: anIsoTime };

describe('each route of a call answers as the specification shows, key by key', () => {
  it('initiate', async () => {
    const { caller, callerId, calleeId } = await twoPeople();
    const body = { calleeId, callType: 'VIDEO', channelId: 'agora-channel-789' };
    expectDone(await caller.post('/api/v1/calls/initiate', body), 201, 'Call initiated successfully', {
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      callerId,
      calleeId,
      callType: 'VIDEO',
      status: 'INITIATING',
      channelId: 'agora-channel-789',
      ...last,
    });
  });

  it('accept', async () => {
    const call = await placed();
    const answer = await call.callee.post(`/api/v1/calls/${call.callId}/accept`, {});
    expectDone(answer, 200, 'Call accepted successfully', { ...first(call, 'CONNECTING'), startTime: anIsoTime, ...last });
  });

  it.each([{ reason: 'busy' }, { reason: 'declined' }, { reason: 'unavailable' }, {}, undefined])('reject with %j', async (body) => {
    const call = await placed();
    const answer = await call.callee.post(`/api/v1/calls/${call.callId}/reject`, body);
    expectDone(answer, 200, 'Call rejected successfully', { ...first(call, 'REJECTED'), ...last });
    expect(await callRow(call.callId)).toMatchObject([{ reason: body?.reason ?? 'declined' }]);
  });

  it('cancel', async () => {
    const call = await placed();
    const answer = await call.caller.post(`/api/v1/calls/${call.callId}/cancel`, {});
    expectDone(answer, 200, 'Call cancelled successfully', { ...first(call, 'CANCELLED'), ...last });
  });

  it.each([{}, undefined, { durationSeconds: 125 }, { durationSeconds: null }])(
    'end with %j: the duration is the server’s',
    async (body) => {
      const call = await accepted();
      const answer = await call.caller.post(`/api/v1/calls/${call.callId}/end`, body);
      expectDone(answer, 200, 'Call ended successfully', {
        ...first(call, 'ENDED'),
        startTime: anIsoTime,
        endTime: anIsoTime,
        durationSeconds: aMoment,
        ...last,
      });
    },
  );

  it('status', async () => {
    const call = await accepted();
    const answer = await setStatus(call.callee, call.callId, 'ACTIVE');
    expectDone(answer, 200, 'Call status updated successfully', { ...first(call, 'ACTIVE'), startTime: anIsoTime, ...last });
  });

  it('details, with null where there is no value yet', async () => {
    const call = await placed();
    const answer = await call.callee.get(`/api/v1/calls/${call.callId}`);
    const nothing = { startTime: null, endTime: null, durationSeconds: null };
    expectDone(answer, 200, 'Call details retrieved successfully', { ...first(call, 'INITIATING'), ...nothing, ...last });
  });

  it('details of a call that is over, to both', async () => {
    const call = await accepted();
    await call.caller.post(`/api/v1/calls/${call.callId}/end`, {});
    for (const client of [call.caller, call.callee]) {
      const answer = await client.get(`/api/v1/calls/${call.callId}`);
      const times = { startTime: anIsoTime, endTime: anIsoTime, durationSeconds: aMoment };
      expectDone(answer, 200, 'Call details retrieved successfully', { ...first(call, 'ENDED'), ...times, ...last });
    }
  });

  it('a busy callee is 201 with REJECTED', async () => {
    const call = await placed();
    const other = await system.rest(`other-${randomUUID()}`);
    const answer = await other.post('/api/v1/calls/initiate', { calleeId: call.calleeId });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ success: true, data: { status: 'REJECTED' } });
  });
});

describe('PATCH status', () => {
  it('CONNECTING by the callee accepts the call, by the caller is 403', async () => {
    const call = await placed();
    expectRefused(await setStatus(call.caller, call.callId, 'CONNECTING'), 403);
    expect((await setStatus(call.callee, call.callId, 'CONNECTING')).body.data).toMatchObject({
      status: 'CONNECTING',
      startTime: anIsoTime,
    });
  });

  it.each(['caller', 'callee'] as const)('ACTIVE and ENDED by the %s connect and end the call', async (side) => {
    const call = await accepted();
    expect((await setStatus(call[side], call.callId, 'ACTIVE')).body.data).toMatchObject({ status: 'ACTIVE' });
    expect((await setStatus(call[side], call.callId, 'ENDED')).body.data).toMatchObject({ status: 'ENDED', durationSeconds: aMoment });
  });

  it.each(['CONNECTING', 'ACTIVE', 'ENDED'])('the state that the call is in, %s, is 200 and changes nothing', async (status) => {
    const call = await accepted();
    if (status !== 'CONNECTING') await setStatus(call.caller, call.callId, status);
    const before = await callRow(call.callId);
    const { body: first } = await setStatus(call.callee, call.callId, status);
    expect(first.data).toMatchObject({ status });
    expect(await setStatus(call.caller, call.callId, status)).toMatchObject({ status: 200, body: first });
    expect(await callRow(call.callId)).toEqual(before);
  });

  it.each([
    ['ACTIVE', 'while it rings', placed],
    ['ENDED', 'while it rings', placed],
    ['CONNECTING', 'when it is over', async () => over('ENDED')],
    ['ACTIVE', 'when it is over', async () => over('ENDED')],
    ['CONNECTING', 'when it is active', async () => over('ACTIVE')],
    ['ENDED', 'when it was rejected', async () => rejected()],
  ] as const)('%s %s is 400, and nothing changes', async (status, _when, prepare) => {
    const call = await prepare();
    const before = await callRow(call.callId);
    expectRefused(await setStatus(call.callee, call.callId, status), 400);
    expect(await callRow(call.callId)).toEqual(before);
  });

  it.each(['RINGING', 'active', 'REJECTED', '', 7, null, undefined])('%j is no status to ask for', async (status) => {
    const call = await accepted();
    expectRefused(await setStatus(call.callee, call.callId, status), 400, expect.stringMatching(/^status: /));
  });
});

const over = async (status: 'ACTIVE' | 'ENDED'): Promise<Placed> => {
  const call = await accepted();
  await setStatus(call.caller, call.callId, status);
  return call;
};

const rejected = async (): Promise<Placed> => {
  const call = await placed();
  await call.callee.post(`/api/v1/calls/${call.callId}/reject`, {});
  return call;
};

describe('who may not', () => {
  const ROUTES: readonly (readonly [string, string, object | undefined])[] = [
    ...VERBS.map((verb) => ['POST', `/${verb}`, {}] as const),
    ['PATCH', '/status', { status: 'ACTIVE' }],
    ['GET', '', undefined],
  ];

  it.each(ROUTES)('a stranger is 403 at %s /{id}%s, and nothing changes', async (method, path, body) => {
    for (const call of [await placed(), await accepted(), await rejected()]) {
      const before = await callRow(call.callId);
      const stranger = await system.rest(`stranger-${randomUUID()}`);
      const answer = await stranger.request(method, `/api/v1/calls/${call.callId}${path}`, body);
      const isCallees = path === '/accept' || path === '/reject';
      expectRefused(answer, 403, `User is not ${isCallees ? 'the callee' : 'a participant'} of this call`);
      expect(await callRow(call.callId)).toEqual(before);
    }
  });

  it.each(ROUTES)('a call that is nobody’s is 404 at %s /{id}%s, also under an id that none can have', async (method, path, body) => {
    const somebody = await system.rest(`somebody-${randomUUID()}`);
    for (const id of ['no-such-call', randomUUID(), 'x'.repeat(65), "x'%3B%20DROP", '%00'])
      expectRefused(await somebody.request(method, `/api/v1/calls/${id}${path}`, body), 404);
  });

  it.each([...ROUTES, ['POST', '-initiate', {}] as const])(
    'nobody without a token that holds: 401 at %s /{id}%s',
    async (method, path, body) => {
      const call = await placed();
      const url = system.callServices[0]?.url as string;
      const target = path === '-initiate' ? '/api/v1/calls/initiate' : `/api/v1/calls/${call.callId}${path}`;
      const expired = await mintToken(call.callerId, { ttlSeconds: -10 });
      for (const authorization of ['', 'Bearer', 'Bearer nonsense', `Bearer ${expired}`, `Basic ${expired}`]) {
        const response = await fetch(`${url}${target}`, {
          method,
          headers: { 'content-type': 'application/json', ...(authorization === '' ? {} : { authorization }) },
          body: body === undefined ? null : JSON.stringify(body),
        });
        expect(response.status).toBe(401);
        expectLiteral(await response.json(), { success: false, message: expect.any(String), data: null });
      }
    },
  );

  it('the caller may not accept or reject, the callee may not cancel: 403', async () => {
    const call = await placed();
    expectRefused(await call.caller.post(`/api/v1/calls/${call.callId}/accept`, {}), 403, 'User is not the callee of this call');
    expectRefused(await call.caller.post(`/api/v1/calls/${call.callId}/reject`, {}), 403, 'User is not the callee of this call');
    expectRefused(await call.callee.post(`/api/v1/calls/${call.callId}/cancel`, {}), 403, 'User is not the caller of this call');
  });
});

describe('what cannot be done any more, or not yet, is 400', () => {
  it.each(VERBS)('%s of a call that is over', async (verb) => {
    const call = await rejected();
    const side = verb === 'cancel' ? call.caller : call.callee;
    expectRefused(await side.post(`/api/v1/calls/${call.callId}/${verb}`, {}), 400, 'The call is REJECTED');
  });

  it('end while it rings; accept, reject and cancel once it is accepted', async () => {
    const ringing = await placed();
    expectRefused(await ringing.callee.post(`/api/v1/calls/${ringing.callId}/end`, {}), 400, 'The call is INITIATING');
    const call = await accepted();
    for (const verb of ['accept', 'reject'])
      expectRefused(await call.callee.post(`/api/v1/calls/${call.callId}/${verb}`, {}), 400, 'The call is CONNECTING');
    expectRefused(await call.caller.post(`/api/v1/calls/${call.callId}/cancel`, {}), 400, 'The call is CONNECTING');
  });

  it('a call to oneself, and a second one while the first lives', async () => {
    const call = await placed();
    expectRefused(await call.callee.post('/api/v1/calls/initiate', { calleeId: call.calleeId }), 400);
    expectRefused(await call.caller.post('/api/v1/calls/initiate', { calleeId: 'somebody-else' }), 400);
  });
});

describe('Idempotency-Key', () => {
  it('gives the first answer again, whatever happened since and whichever replica is asked, and places one call', async () => {
    const { callerId, calleeId, caller, callee } = await twoPeople();
    const again = await system.rest(callerId, {}, 1);
    const key = { 'idempotency-key': randomUUID() };
    const body = { calleeId, callType: 'VIDEO' };
    const answers = await Promise.all(Array.from({ length: 6 }, () => caller.post('/api/v1/calls/initiate', body, key)));
    const [answer] = answers as [RestAnswer];
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set([`201 ${answer.text}`]));
    await callee.post(`/api/v1/calls/${answer.body.data.id}/reject`, {});
    expect(await again.post('/api/v1/calls/initiate', body, key)).toMatchObject({ status: 201, text: answer.text });
    expect(await system.database.query('SELECT FROM calls WHERE caller_id = $1', [callerId])).toHaveLength(1);
  });

  it('gives a refusal again too', async () => {
    const call = await placed();
    const key = { 'idempotency-key': 'end-1' };
    expectRefused(await call.callee.post(`/api/v1/calls/${call.callId}/end`, {}, key), 400, 'The call is INITIATING');
    await call.callee.post(`/api/v1/calls/${call.callId}/accept`, {});
    expectRefused(await call.callee.post(`/api/v1/calls/${call.callId}/end`, {}, key), 400, 'The call is INITIATING');
    expect((await call.callee.post(`/api/v1/calls/${call.callId}/end`, {}, { 'idempotency-key': 'end-2' })).status).toBe(200);
  });

  it('with another body, verb or call is 409 and does nothing; of another user it is another key', async () => {
    const call = await placed();
    const key = { 'idempotency-key': 'the-key' };
    expect((await call.callee.post(`/api/v1/calls/${call.callId}/accept`, {}, key)).status).toBe(200);
    expectRefused(await call.callee.post(`/api/v1/calls/${call.callId}/end`, {}, key), 409);
    expectRefused(await call.callee.post('/api/v1/calls/initiate', { calleeId: 'bob' }, key), 409);
    expect((await call.caller.get(`/api/v1/calls/${call.callId}`)).body.data.status).toBe('CONNECTING');
    expect((await call.caller.post(`/api/v1/calls/${call.callId}/end`, {}, key)).status).toBe(200);
  });

  it.each(['', 'x'.repeat(129)])('that is no key is 400', async (key) => {
    const { caller, calleeId, callerId } = await twoPeople();
    expectRefused(await caller.post('/api/v1/calls/initiate', { calleeId }, { 'idempotency-key': key }), 400);
    expect(await system.database.query('SELECT FROM calls WHERE caller_id = $1', [callerId])).toEqual([]);
  });

  it('is not needed where the call brought its own id; another’s id, or a word that is a route, is 409', async () => {
    const callId = `call-${randomUUID()}`;
    const call = await placed({ callId, channelId: 'room' });
    expect(call.callId).toBe(callId);
    const body = { calleeId: call.calleeId, callId, channelId: 'room' };
    expect(await call.caller.post('/api/v1/calls/initiate', body)).toMatchObject({ status: 201, body: { data: { id: callId } } });
    expectRefused(await call.caller.post('/api/v1/calls/initiate', { ...body, calleeId: 'somebody-else' }), 409);
    const eve = await system.rest(`eve-${randomUUID()}`);
    expectRefused(await eve.post('/api/v1/calls/initiate', { calleeId: 'bob', callId }), 409);
    for (const word of ['initiate', 'history', 'ringing'])
      expectRefused(await eve.post('/api/v1/calls/initiate', { calleeId: 'bob', callId: word }), 409);
  });
});

it('an app that acts over REST and never had a session is never taken for gone', async () => {
  const call = await placed({ ringTimeoutSeconds: 10 });
  await using callee = await system.phone('onlycare', 0, call.calleeId);
  await callee.hears('incoming', call.callId);
  await until('the call is missed', async () => (await callRow(call.callId))[0]?.state === 'MISSED', 30_000);
});
