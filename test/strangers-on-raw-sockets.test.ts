import { randomUUID } from 'node:crypto';
import { connectRaw, mintToken, type RawClient, type System, startSystem, TEST_JWT_SECRET } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectLiteral } from './literal.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem({ settings: { ALLOWED_ORIGINS: 'https://app.example.com' } });
});
afterAll(() => system[Symbol.asyncDispose]());

type Path = '/ws/chat' | '/ws/otomo';

interface Language {
  path: Path;
  place: string;
  callee: string;
  accept: string;
  verbs: readonly string[];
}

const LANGUAGES: readonly Language[] = [
  {
    path: '/ws/chat',
    place: 'call.initiate',
    callee: 'calleeId',
    accept: 'call.accept',
    verbs: ['call.ringing', 'call.accept', 'call.reject', 'call.cancel', 'call.end', 'call.connected', 'call.quality', 'call.signal'],
  },
  {
    path: '/ws/otomo',
    place: 'call_request',
    callee: 'otomoId',
    accept: 'call_accept',
    verbs: ['call_ringing', 'call_accept', 'call_reject', 'call_cancel', 'call_end', 'call_connected', 'call_quality', 'call_signal'],
  },
];

/** Makes a quality report or a signal complete; other verbs do not look at it. */
const DETAILS = { txQuality: 4, rxQuality: 4, quality: 'BAD', signal: { type: 'offer', sdp: 'v=0' } };

/** Errors of both dialects have this form, and no other member. */
const anError = (callId: unknown, errorType: string) => ({
  type: 'call_error',
  payload: { callId, errorType, message: expect.any(String) },
});

const connect = (path: Path): Promise<RawClient> => system.connectRaw(0, path, `user-${randomUUID()}`);

const rowOf = (callId: string) => system.database.query('SELECT * FROM calls WHERE id = $1', [callId]);
const callCount = async () => (await system.database.query<{ count: string }>('SELECT count(*) FROM calls'))[0]?.count;

/** The connection still answers. */
const expectAlive = async (client: RawClient, { accept }: Language): Promise<void> => {
  expect(await client.ask(accept, { callId: 'still-here' })).toMatchObject({ ok: false, error: { code: 'call_not_found' } });
};

/** A call of two other people, in a state that lives. */
const callOfOthers = async (accept: boolean) => {
  const calleeId = `callee-${randomUUID()}`;
  const caller = await system.phone('onlycare', 0, `caller-${randomUUID()}`);
  const callee = await system.phone('onlycare', 1, calleeId);
  const callId = `call-${randomUUID()}`;
  await caller.place({ calleeId, callId });
  await caller.hears('ringing', callId);
  if (accept) await callee.accept(callId);
  return {
    callId,
    async [Symbol.asyncDispose]() {
      await Promise.all([caller[Symbol.asyncDispose](), callee[Symbol.asyncDispose]()]);
    },
  };
};

describe.each(LANGUAGES)('on $path', (language) => {
  const { path, place, callee, accept, verbs } = language;

  describe('a stranger', () => {
    it.each(verbs)('is unauthorized to say %s, by ack and by frame, and nothing changes', async (verb) => {
      for (const accepted of [false, true]) {
        await using call = await callOfOthers(accepted);
        await using stranger = await connect(path);
        const before = await rowOf(call.callId);
        expectLiteral(await stranger.ask(verb, { callId: call.callId, ...DETAILS }), {
          ok: false,
          error: { code: 'unauthorized', message: expect.any(String), callId: call.callId },
        });
        stranger.send({ type: verb, payload: { callId: call.callId, ...DETAILS } });
        expectLiteral(await stranger.hears('call_error'), anError(call.callId, 'unauthorized'));
        expect(await rowOf(call.callId)).toEqual(before);
        await expectAlive(stranger, language);
      }
    });

    it.each(verbs)('gets call_not_found to %s for an id that is nobody’s, or cannot be one', async (verb) => {
      await using stranger = await connect(path);
      for (const callId of ['no-such-call', "x'; DROP TABLE calls; --"]) {
        stranger.send({ type: verb, payload: { callId, ...DETAILS } });
        expectLiteral(await stranger.hears('call_error', ({ payload }) => payload.callId === callId), anError(callId, 'call_not_found'));
      }
    });

    it('gets conflict for the call id of others', async () => {
      await using call = await callOfOthers(false);
      await using stranger = await connect(path);
      const before = await rowOf(call.callId);
      stranger.send({ type: place, payload: { [callee]: 'bob', callId: call.callId } });
      expectLiteral(await stranger.hears('call_error'), anError(call.callId, 'conflict'));
      expect(await rowOf(call.callId)).toEqual(before);
    });
  });

  describe('a frame that cannot be understood is a parse_error; the connection stays, and nothing is stored', () => {
    const deep = `${'['.repeat(100)}${']'.repeat(100)}`;
    const bad: readonly (readonly [string, unknown])[] = [
      ['half of an object', '{"type":'],
      ['no JSON', 'call me'],
      ['an empty message', ''],
      ['null', 'null'],
      ['a number', '7'],
      ['a text', '"call"'],
      ['a list', '[]'],
      ['an empty object', {}],
      ['a type of another type', { type: 7, payload: { callId: 'x' } }],
      ['an unknown type', { type: 'call.explode', payload: { callId: 'x' } }],
      ['a type that every object has', { type: 'toString', payload: {} }],
      ['the type of a prototype', { type: '__proto__', payload: {} }],
      ['a type of the server', { type: 'call_invitation', payload: { callId: 'x' } }],
      ['no payload', { type: accept }],
      ['null as payload', { type: accept, payload: null }],
      ['a list as payload', { type: accept, payload: [1] }],
      ['a text as payload', { type: accept, payload: 'x' }],
      ['a missing call id', { type: accept, payload: {} }],
      ['a call id of another type', { type: accept, payload: { callId: 7 } }],
      ['an empty call id', { type: accept, payload: { callId: '' } }],
      ['a call id that is too long', { type: place, payload: { [callee]: 'bob', callId: 'x'.repeat(65) } }],
      ['a call id with other characters', { type: place, payload: { [callee]: 'bob', callId: "x'; DROP TABLE calls; --" } }],
      ['a call id with half of a character', `{"type":"${place}","payload":{"${callee}":"bob","callId":"\\ud800"}}`],
      ['no callee', { type: place, payload: {} }],
      ['a callee that is too long', { type: place, payload: { [callee]: 'x'.repeat(129) } }],
      ['a callee with NUL', { type: place, payload: { [callee]: 'a\0b' } }],
      ['an unknown call type', { type: place, payload: { [callee]: 'bob', callType: 'HOLOGRAM' } }],
      ['a ring that is too long', { type: place, payload: { [callee]: 'bob', ringTimeoutSeconds: 100_000 } }],
      ['a request id of another type', { type: place, requestId: 7, payload: { [callee]: 'bob' } }],
      ['an empty request id', { type: place, requestId: '', payload: { [callee]: 'bob' } }],
      ['a request id that is too long', { type: place, requestId: 'x'.repeat(129), payload: { [callee]: 'bob' } }],
      ['deep nesting', `{"type":"${accept}","payload":{"callId":${deep}}}`],
      ['very deep nesting', `${'['.repeat(30_000)}`],
      ['bytes', Buffer.from(JSON.stringify({ type: place, payload: { [callee]: 'bob' } }))],
      ['no bytes', Buffer.alloc(0)],
    ];

    it.each(bad)('%s', async (_name, frame) => {
      await using client = await connect(path);
      const before = await callCount();
      client.send(frame);
      const error = await client.hears('call_error');
      expectLiteral(error, anError(error.payload.callId, 'parse_error'));
      expect(error.payload.message).not.toMatch(/\.ts|node_modules|zod|Unexpected token/);
      expect(await callCount()).toBe(before);
      await expectAlive(client, language);
      expect(client.frames).toHaveLength(2);
    });

    it('is answered in an ack where it names its request', async () => {
      await using client = await connect(path);
      expectLiteral(await client.ask(accept, { callId: 7 }), {
        ok: false,
        error: { code: 'parse_error', message: expect.any(String), callId: null },
      });
      expectLiteral(await client.ask('call.explode', { callId: 'x' }), {
        ok: false,
        error: { code: 'parse_error', message: expect.any(String), callId: 'x' },
      });
    });
  });

  it.each([70_000, 2_000_000])(
    'a frame of %i bytes closes the connection, and tells the client not to come back as it is',
    async (size) => {
      await using client = await connect(path);
      client.send({ type: accept, payload: { callId: 'x'.repeat(size) } });
      expect((await client.closed).code).toBe(4509);
    },
  );

  it('a flood of commands is refused as rate_limited, and a worse one closes the connection', async () => {
    await using client = await connect(path);
    for (let sent = 0; sent < 300; sent += 1) client.send({ type: accept, payload: { callId: 'no-such-call' } });
    await client.hears('call_error', ({ payload }) => payload.errorType === 'rate_limited');
    expect(client.isOpen).toBe(true);
    for (let sent = 0; sent < 3000; sent += 1) client.send({ type: accept, payload: { callId: 'no-such-call' } });
    expect((await client.closed).code).toBe(4529);
  });

  describe('who cannot sign in is refused with 401', () => {
    const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const soon = Math.floor(Date.now() / 1000) + 600;
    const refused: readonly (readonly [string, () => Promise<string> | string])[] = [
      ['without a token', () => ''],
      ['with nonsense', () => 'nonsense'],
      ['with an expired token', () => mintToken('ann', { ttlSeconds: -10 })],
      ['with alg none', () => `${base64url({ alg: 'none', typ: 'JWT' })}.${base64url({ sub: 'ann', exp: soon })}.`],
      ['unsigned', async () => `${(await mintToken('ann')).split('.').slice(0, 2).join('.')}.`],
      ['with the secret itself', () => encodeURIComponent(TEST_JWT_SECRET)],
    ];

    it.each(refused)('%s', async (_name, token) => {
      await expect(connectRaw(`${system.gateways[0]?.url}${path}?token=${await token()}`)).rejects.toMatchObject({ status: 401 });
      await expect(connectRaw(`${system.gateways[0]?.url}${path}`)).rejects.toMatchObject({ status: 401 });
    });
  });

  it('a page of another origin is refused with 403, also with a good token', async () => {
    const url = `${system.gateways[0]?.url}${path}?token=${await mintToken('ann')}`;
    for (const origin of ['https://evil.example.com', 'https://app.example.com.evil.com', 'null'])
      await expect(connectRaw(url, { headers: { origin } })).rejects.toMatchObject({ status: 403 });
    await using allowed = await connectRaw(url, { headers: { origin: 'https://app.example.com' } });
    await expectAlive(allowed, language);
  });

  it('a token may come in the query, in a header, or among the subprotocols', async () => {
    const url = `${system.gateways[0]?.url}${path}`;
    const token = await mintToken('ann');
    await using inQuery = await connectRaw(`${url}?token=${token}`);
    await using inHeader = await connectRaw(url, { headers: { authorization: `Bearer ${token}` } });
    await using inProtocol = await connectRaw(url, { protocols: ['bearer', token] });
    for (const client of [inQuery, inHeader, inProtocol]) await expectAlive(client, language);
  });

  it('a token that expires closes the connection, unless it was refreshed in time', async () => {
    const userId = `user-${randomUUID()}`;
    await using client = await system.connectRaw(0, path, userId, { ttlSeconds: 6 });
    await using refreshed = await system.connectRaw(0, path, userId, { ttlSeconds: 6 });
    expect(await refreshed.ask('auth.refresh', { token: await mintToken(userId) })).toEqual({ ok: true, success: true });
    expect(await refreshed.ask('auth.refresh', { token: await mintToken('somebody-else') })).toMatchObject({ ok: false });
    expect((await client.closed).code).toBe(4401);
    expect(refreshed.isOpen).toBe(true);
  });
});

it.each(['/ws', '/ws/nothing', '/ws/chat/more', '/'])('there is no WebSocket at %s', async (path) => {
  const token = await mintToken('ann');
  await expect(connectRaw(`${system.gateways[0]?.url}${path}?token=${token}`)).rejects.toMatchObject({ status: 404 });
});
