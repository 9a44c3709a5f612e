import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { createRestClient, mintToken, type RestAnswer, type RestClient, type System, startSystem } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectLiteral } from './literal.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem({ settings: { ALLOWED_ORIGINS: 'https://app.example.com' } });
});
afterAll(() => system[Symbol.asyncDispose]());

const INITIATE = '/api/v1/calls/initiate';

const expectRefused = ({ status, body }: RestAnswer, expected: number): void => {
  expect(status).toBe(expected);
  expectLiteral(body, { success: false, message: expect.any(String), data: null });
  expect(body.message).not.toMatch(/at .*\.ts|node_modules|SELECT|zod|Unexpected token/);
};

const callCount = async () => (await system.database.query<{ count: string }>('SELECT count(*) FROM calls'))[0]?.count;

const refusedAndNothingStored = async (send: (client: RestClient) => Promise<RestAnswer>, status = 400): Promise<void> => {
  const client = await system.rest(`user-${randomUUID()}`);
  const before = await callCount();
  expectRefused(await send(client), status);
  expect(await callCount()).toBe(before);
  expect((await client.get('/api/v1/calls/ringing')).status).toBe(200);
};

describe('a body that cannot be understood is 400 in the envelope, and nothing is stored', () => {
  it.each([
    ['half of an object', '{"calleeId":'],
    ['no JSON', 'calleeId=bob'],
    ['a text', '"bob"'],
    ['a number', '7'],
    ['null', 'null'],
    ['a list', '["bob"]'],
    ['nothing', ''],
    ['half of a character', '{"calleeId":"\\ud800"}'],
    ['NUL', '{"calleeId":"a\\u0000b"}'],
    ['a very deep list', `{"calleeId":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
    ['a body above 64 KiB', JSON.stringify({ calleeId: 'bob', filler: 'x'.repeat(70_000) })],
    ['a prototype', '{"__proto__":{"calleeId":"bob"}}'],
  ])('%s', (_name, body) => refusedAndNothingStored((client) => client.post(INITIATE, body)));

  it.each<[string, object]>([
    ['no callee', {}],
    ['a callee of another type', { calleeId: 7 }],
    ['an empty callee', { calleeId: '' }],
    ['a callee that is too long', { calleeId: 'x'.repeat(129) }],
    ['a list of callees', { calleeId: ['bob'] }],
    ['an unknown call type', { calleeId: 'bob', callType: 'HOLOGRAM' }],
    ['a call type of another type', { calleeId: 'bob', callType: { AUDIO: true } }],
    ['an empty channel', { calleeId: 'bob', channelId: '' }],
    ['a channel that is too long', { calleeId: 'bob', channelId: 'x'.repeat(257) }],
    ['a call id with other characters', { calleeId: 'bob', callId: "x'; DROP TABLE calls; --" }],
    ['a call id that is too long', { calleeId: 'bob', callId: 'x'.repeat(65) }],
    ['a ring that is too short', { calleeId: 'bob', ringTimeoutSeconds: 4 }],
    ['a ring that is too long', { calleeId: 'bob', ringTimeoutSeconds: 121 }],
    ['a ring of half seconds', { calleeId: 'bob', ringTimeoutSeconds: 5.5 }],
  ])('%s', (_name, body) => refusedAndNothingStored((client) => client.post(INITIATE, body)));

  it('JSON that says it is something else, or in a coding that is not known', async () => {
    const body = JSON.stringify({ calleeId: 'bob' });
    await refusedAndNothingStored((client) => client.post(INITIATE, body, { 'content-type': 'text/plain' }));
    await refusedAndNothingStored((client) => client.post(INITIATE, body, { 'content-type': 'application/json; charset=nonsense' }));
    await refusedAndNothingStored((client) => client.post(INITIATE, body, { 'content-encoding': 'nonsense' }));
  });

  it.each<[string, string, string, object]>([
    ['a reason', 'POST', '/api/v1/calls/CALL/reject', { reason: 'busy' }],
    ['a preference', 'PUT', '/v1/notifications/preferences', { calls: false }],
  ])('%s that says it is no JSON, where all fields may be left out', async (_name, method, path, body) => {
    const calleeId = `callee-${randomUUID()}`;
    const [caller, callee] = [await system.rest(`caller-${randomUUID()}`), await system.rest(calleeId)];
    const placed = await caller.post(INITIATE, { calleeId });
    const asked = path.replace('CALL', placed.body.data.id);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/merge-patch+json']) {
      expect(await callee.request(method, asked, body, { 'content-type': type })).toMatchObject({ status: 400 });
    }
    expect(await callee.request(method, asked, body)).toMatchObject({ status: 200 });
  });

  it('half of an object under /v1, however that is written, in the words of /v1', async () => {
    const { status, body } = await (await system.rest('ann')).post('/V1/chat', '{"order_id":');
    expect([status, body]).toEqual([400, { error: { code: 'parse_error', message: expect.any(String) } }]);
  });

  it('a small body that unpacks to a large one', async () => {
    const bomb = gzipSync(JSON.stringify({ calleeId: 'bob', filler: 'x'.repeat(10_000_000) }));
    const response = await fetch(`${system.callServices[0]?.url}${INITIATE}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await mintToken('ann')}`,
        'content-type': 'application/json',
        'content-encoding': 'gzip',
      },
      body: bomb,
    });
    expect(response.status).toBe(400);
  });

  it.each<[string, unknown]>([
    ['reject', { reason: 7 }],
    ['reject', { reason: ['busy'] }],
    ['cancel', { reason: {} }],
    ['end', { durationSeconds: 'long' }],
    ['end', { durationSeconds: -1 }],
    ['end', { durationSeconds: 1.5 }],
    ['accept', '{'],
    ['accept', '[]'],
  ])('%s with %j leaves the call as it was', async (verb, body) => {
    const [caller, callee] = [await system.rest(`caller-${randomUUID()}`), `callee-${randomUUID()}`];
    const { body: placed } = await caller.post(INITIATE, { calleeId: callee });
    const side = verb === 'cancel' ? caller : await system.rest(callee);
    expectRefused(await side.post(`/api/v1/calls/${placed.data.id}/${verb}`, body), 400);
    expect((await caller.get(`/api/v1/calls/${placed.data.id}`)).body.data).toMatchObject({ status: 'INITIATING' });
  });
});

describe('what there is not', () => {
  it.each([
    ['GET', '/api/v1/nothing'],
    ['GET', '/api/v1/calls'],
    ['DELETE', '/api/v1/calls/some-call'],
    ['GET', '/api/v1/calls/initiate'],
    ['POST', '/api/v1/calls/some-call/explode'],
    ['GET', '/'],
  ])('%s %s is 404 in the envelope', async (method, path) => {
    expectRefused(await (await system.rest('ann')).request(method, path), 404);
  });

  it('a path that cannot be decoded is 400', async () => {
    expectRefused(await (await system.rest('ann')).get('/api/v1/calls/%E0%A4%A'), 400);
    expectRefused(await (await system.rest('ann')).get('/api/v1/users/%E0%A4%A/status'), 400);
  });

  it.each([
    ['GET', '/api/v1/calls/history'],
    ['GET', '/api/v1/calls/ringing'],
    ['GET', '/api/v1/users/ann/status'],
    ['POST', '/api/v1/users/status'],
    ['GET', '/api/v1/users/me/blocks'],
    ['PUT', '/api/v1/users/me/blocks/bob'],
    ['DELETE', '/api/v1/users/me/blocks/bob'],
  ])('nobody without a token may %s %s', async (method, path) => {
    expectRefused(await createRestClient(system.callServices[0]?.url as string, null).request(method, path), 401);
  });
});

describe('pages', () => {
  it.each(['https://evil.example.com', 'https://app.example.com.evil.com', 'http://app.example.com', 'null'])(
    'of the origin %s are refused with 403, signed in or not',
    async (origin) => {
      await refusedAndNothingStored((client) => client.post(INITIATE, { calleeId: 'bob' }, { origin }), 403);
      const response = await fetch(`${system.callServices[0]?.url}${INITIATE}`, { method: 'OPTIONS', headers: { origin } });
      expect(response.status).toBe(403);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  it('of an allowed origin may ask, after a preflight without a token', async () => {
    const origin = 'https://app.example.com';
    const preflight = await fetch(`${system.callServices[0]?.url}${INITIATE}`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,idempotency-key' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(/authorization.*idempotency-key/);
    const client = await system.rest(`user-${randomUUID()}`);
    const answer = await client.post(INITIATE, { calleeId: 'bob' }, { origin });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.headers.get('vary')).toMatch(/origin/i);
  });
});
