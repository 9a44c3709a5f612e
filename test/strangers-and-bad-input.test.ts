import { randomUUID } from 'node:crypto';
import { connectOnlyCare, mintToken, type System, startSystem, TEST_JWT_SECRET } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let system: System;

beforeAll(async () => {
  system = await startSystem({ settings: { ALLOWED_ORIGINS: 'https://app.example.com' } });
});
afterAll(() => system[Symbol.asyncDispose]());

const gatewayUrl = (): string => system.gateways[0]?.url as string;

const VERBS = ['call:ringing', 'call:accept', 'call:reject', 'call:cancel', 'call:end', 'call:connected'];

/** A call of two other people, in a state that lives. */
const callOfOthers = async (accept: boolean) => {
  const calleeId = `callee-${randomUUID()}`;
  const caller = await system.connect(0, `caller-${randomUUID()}`);
  const callee = await system.connect(1, calleeId);
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
  await callee.hears('call:incoming');
  await caller.hears('call:ringing');
  if (accept) await callee.ask('call:accept', { callId: call?.id });
  return {
    caller,
    callee,
    callId: call?.id as string,
    async [Symbol.asyncDispose]() {
      caller.socket.disconnect();
      callee.socket.disconnect();
    },
  };
};

const rowOf = (callId: string) => system.database.query('SELECT * FROM calls WHERE id = $1', [callId]);

describe('a stranger', () => {
  it.each(VERBS.flatMap((verb) => [false, true].map((accepted) => ({ verb, accepted }))))(
    'is unauthorized to $verb (call accepted: $accepted), with and without an ack, and nothing changes',
    async ({ verb, accepted }) => {
      await using call = await callOfOthers(accepted);
      await using stranger = await system.connect(0, `stranger-${randomUUID()}`);
      const before = await rowOf(call.callId);
      expect(await stranger.ask(verb, { callId: call.callId })).toMatchObject({
        ok: false,
        error: { code: 'unauthorized', callId: call.callId },
      });
      stranger.tell(verb, { callId: call.callId });
      expect(await stranger.hears('call:error')).toEqual({ callId: call.callId, errorType: 'unauthorized', message: expect.any(String) });
      expect(await rowOf(call.callId)).toEqual(before);
      expect(stranger.socket.connected).toBe(true);
    },
  );

  it.each(VERBS)('gets call_not_found to %s for an id that is nobody’s, or cannot be one', async (verb) => {
    await using stranger = await system.connect(0, `stranger-${randomUUID()}`);
    for (const callId of ['no-such-call', 'x'.repeat(65), "x'; DROP TABLE calls; --"])
      expect(await stranger.ask(verb, { callId })).toMatchObject({ ok: false, error: { code: 'call_not_found' } });
  });
});

describe('a command that cannot be understood', () => {
  const bad: readonly (readonly [string, string, unknown])[] = [
    ['an unknown event', 'call:explode', { callId: 'x' }],
    ['a name that every object has', 'toString', {}],
    ['no body', 'call:accept', undefined],
    ['null', 'call:accept', null],
    ['a list', 'call:accept', [1]],
    ['a text', 'call:accept', 'x'],
    ['a missing call id', 'call:accept', {}],
    ['a call id of another type', 'call:accept', { callId: 7 }],
    ['an empty call id', 'call:accept', { callId: '' }],
    ['a call id that is too long', 'call:initiate', { receiverId: 'bob', callId: 'x'.repeat(65) }],
    ['a call id with other characters', 'call:initiate', { receiverId: 'bob', callId: "x'; DROP TABLE calls; --" }],
    ['no receiver', 'call:initiate', {}],
    ['a receiver that is too long', 'call:initiate', { receiverId: 'x'.repeat(129) }],
    ['a receiver with NUL', 'call:initiate', { receiverId: 'a\0b' }],
    ['an unknown call type', 'call:initiate', { receiverId: 'bob', callType: 'HOLOGRAM' }],
    ['a ring that is too long', 'call:initiate', { receiverId: 'bob', ringTimeoutSeconds: 100_000 }],
    ['deep nesting', 'call:accept', { callId: JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`) }],
  ];

  it.each(bad)('%s: is a parse_error, by ack and by event; the connection stays, nothing is stored', async (_name, event, body) => {
    await using client = await system.connect(0, `user-${randomUUID()}`);
    const [before] = await system.database.query<{ count: string }>('SELECT count(*) FROM calls');
    if (event !== 'call:accept' || !JSON.stringify(body ?? null).includes('[[[')) {
      expect(await client.ask(event, body)).toMatchObject({ ok: false, error: { code: 'parse_error', message: expect.any(String) } });
    }
    client.tell(event, body);
    expect(await client.hears('call:error')).toMatchObject({ errorType: 'parse_error', message: expect.any(String) });
    const [after] = await system.database.query<{ count: string }>('SELECT count(*) FROM calls');
    expect(after).toEqual(before);
    expect(await client.ask('call:accept', { callId: 'still-here' })).toMatchObject({ error: { code: 'call_not_found' } });
  });

  it('raw frames that are no Socket.IO packets are parse_errors too', async () => {
    await using client = await system.connect(0, `user-${randomUUID()}`);
    // biome-ignore lint/suspicious/noExplicitAny: the engine below the client is not part of its types
    const engine = (client.socket.io as any).engine;
    for (const frame of ['42{"not":"a list"}', '42["call:accept"', '42[]', '4nonsense', '42["disconnect"]']) engine.write(frame.slice(1));
    await client.hears('call:error', (body) => body.errorType === 'parse_error');
    expect(await client.ask('call:accept', { callId: 'still-here' })).toMatchObject({ error: { code: 'call_not_found' } });
  });

  it('an oversized frame closes the connection', async () => {
    await using client = await system.connect(0, `user-${randomUUID()}`);
    const closed = new Promise((resolve) => client.socket.once('disconnect', resolve));
    client.tell('call:accept', { callId: 'x'.repeat(70_000) });
    await closed;
  });
});

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('who cannot sign in', () => {
  const soon = Math.floor(Date.now() / 1000) + 600;
  const refused: readonly (readonly [string, () => Promise<string> | string])[] = [
    ['without a token', () => ''],
    ['with nonsense', () => 'nonsense'],
    ['with an expired token', () => mintToken('ann', { ttlSeconds: -10 })],
    ['with alg none', () => `${base64url({ alg: 'none', typ: 'JWT' })}.${base64url({ sub: 'ann', exp: soon })}.`],
    ['unsigned', async () => `${(await mintToken('ann')).split('.').slice(0, 2).join('.')}.`],
    [
      'with a signature of another token',
      async () => `${(await mintToken('eve')).split('.').slice(0, 2).join('.')}.${(await mintToken('ann')).split('.')[2]}`,
    ],
    ['with the secret itself', () => TEST_JWT_SECRET],
  ];

  it.each(refused)('%s: is told so and let nowhere', async (_name, token) => {
    await expect(connectOnlyCare(gatewayUrl(), await token())).rejects.toMatchObject({ data: { code: 'unauthenticated' } });
  });

  it('from an origin that is not allowed', async () => {
    const token = await mintToken('ann');
    const from = (origin: string) => connectOnlyCare(gatewayUrl(), token, { extraHeaders: { origin } });
    await expect(from('https://evil.example.com')).rejects.toThrow();
    await expect(from('https://app.example.com.evil.com')).rejects.toThrow();
    await expect(from('null')).rejects.toThrow();
    await using allowed = await from('https://app.example.com');
    expect(allowed.socket.connected).toBe(true);
  });

  it('but may in an Authorization header', async () => {
    const extraHeaders = { authorization: `Bearer ${await mintToken('ann')}` };
    await using client = await connectOnlyCare(gatewayUrl(), '', { auth: {}, extraHeaders });
    expect(client.socket.connected).toBe(true);
  });
});

describe('a token that expires while connected', () => {
  it('closes the connection, unless it was refreshed in time', async () => {
    const userId = `user-${randomUUID()}`;
    await using client = await system.connect(0, userId, { ttlSeconds: 6 });
    await using refreshed = await system.connect(0, userId, { ttlSeconds: 6 });
    expect(await refreshed.ask('auth:refresh', { token: await mintToken(userId) })).toMatchObject({ ok: true });
    expect(await refreshed.ask('auth:refresh', { token: await mintToken('somebody-else') })).toMatchObject({ ok: false });
    expect(await client.hears('connection:closing')).toMatchObject({ code: 4401 });
    await client.hears('connection:closing');
    expect(refreshed.socket.connected).toBe(true);
  });
});
