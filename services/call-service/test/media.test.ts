import { createHmac, randomUUID } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { connectRedis } from '@trunkline/bus';
import { backingUrls, createRestClient, mintToken, type RestClient } from '@trunkline/testing';
import { jwtVerify } from 'jose';
import { TokenVerifier } from 'livekit-server-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCallServiceConfig } from '../src/config.ts';
import { startCallServiceProcess } from './call-service-process.ts';
import { place, send } from './envelopes.ts';
import { type RunningCallService, startRunningCallService } from './running-call-service.ts';

const APP_ID = '0123456789abcdef0123456789abcdef';
const CERTIFICATE = 'fedcba9876543210fedcba9876543210';
const LIVEKIT = { LIVEKIT_URL: 'wss://livekit.example', LIVEKIT_API_KEY: 'the-api-key', LIVEKIT_API_SECRET: 'the secret that signs rooms' };
const TURN_SECRET = 'the secret of the TURN servers';
const TURN = { TURN_URLS: 'stun:stun.example, turn:turn.example:3478?transport=udp,turns:turn.example', TURN_SECRET };
const MEDIA = { AGORA_APP_ID: APP_ID, AGORA_APP_CERTIFICATE: CERTIFICATE, ...LIVEKIT, ...TURN, MEDIA_TTL_SECONDS: '600' };

let service: RunningCallService;

beforeAll(async () => {
  service = await startRunningCallService({ ...MEDIA, LIMIT_REST_PER_MINUTE: '0' });
});
afterAll(() => service[Symbol.asyncDispose]());

interface Pair {
  readonly callId: string;
  readonly callerId: string;
  readonly calleeId: string;
  readonly caller: RestClient;
  readonly callee: RestClient;
}

const pair = async ({ url }: { url: string }, channelId?: string): Promise<Pair> => {
  const [callerId, calleeId] = [`caller-${randomUUID()}`, `callee-${randomUUID()}`];
  const [caller, callee] = [createRestClient(url, await mintToken(callerId)), createRestClient(url, await mintToken(calleeId))];
  const { status, body } = await caller.post('/api/v1/calls/initiate', { calleeId, callType: 'VIDEO', channelId });
  expect(status).toBe(201);
  return { callId: body.data.id, callerId, calleeId, caller, callee };
};

const accepted = async (on: { url: string }, channelId?: string): Promise<Pair> => {
  const two = await pair(on, channelId);
  expect((await two.callee.post(`/api/v1/calls/${two.callId}/accept`)).status).toBe(200);
  return two;
};

const mediaFor = (client: RestClient, callId: string) => client.post(`/v1/calls/${callId}/media`);

const secondsFrom = (now: number, epochSeconds: number): number => epochSeconds - Math.floor(now / 1000);

/** Reads what Agora documents of "AccessToken2": little-endian numbers, and texts behind their length. */
const readAgora = (token: string) => {
  const bytes = inflateSync(Buffer.from(token.slice(3), 'base64'));
  let at = 0;
  const number = (size: 2 | 4): number => {
    at += size;
    return bytes.readUIntLE(at - size, size);
  };
  const text = (): Buffer => {
    const length = number(2);
    at += length;
    return bytes.subarray(at - length, at);
  };
  const signature = text();
  const signed = bytes.subarray(at);
  const appId = text().toString();
  const [issuedAt, lifeSeconds, salt, services, type] = [number(4), number(4), number(4), number(2), number(2)];
  const privileges = Array.from({ length: number(2) }, () => [number(2), number(4)]);
  const [channel, uid] = [text().toString(), text().toString()];
  const keyed = (key: Buffer | string, data: Buffer | string): Buffer => createHmac('sha256', key).update(data).digest();
  const numberAsKey = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
  const signingKey = keyed(numberAsKey(salt), keyed(numberAsKey(issuedAt), CERTIFICATE));
  const isSigned = keyed(signingKey, signed).equals(signature);
  return {
    version: token.slice(0, 3),
    appId,
    issuedAt,
    lifeSeconds,
    services,
    type,
    privileges,
    channel,
    uid,
    isSigned,
    isRead: at === bytes.length,
  };
};

describe('a participant of an accepted call', () => {
  it('gets an Agora token for the room of the call, of the side that it is on', async () => {
    const { callId, caller, callee } = await accepted(service);
    const now = Date.now();
    for (const [client, uid] of [
      [caller, 1],
      [callee, 2],
    ] as const) {
      const { status, body, headers } = await mediaFor(client, callId);
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(body.agora).toEqual({ appId: APP_ID, channel: callId, uid, token: expect.stringMatching(/^007/) });
      const { issuedAt, privileges, ...read } = readAgora(body.agora.token);
      const who = { appId: APP_ID, channel: callId, uid: String(uid), lifeSeconds: 600 };
      expect(read).toEqual({ version: '007', services: 1, type: 1, isSigned: true, isRead: true, ...who });
      expect(Math.abs(secondsFrom(now, issuedAt))).toBeLessThan(60);
      expect(privileges).toEqual([
        [1, 600],
        [2, 600],
        [3, 600],
        [4, 600],
      ]);
    }
  });

  it('gets a LiveKit token that LiveKit itself reads, for that room alone and its own name', async () => {
    const { callId, calleeId, callee } = await accepted(service);
    const now = Date.now();
    const { livekit } = (await mediaFor(callee, callId)).body;
    expect(livekit).toEqual({ url: LIVEKIT.LIVEKIT_URL, identity: calleeId, token: expect.any(String) });
    const video = { room: callId, roomJoin: true, canPublish: true, canSubscribe: true };
    const claims = await new TokenVerifier(LIVEKIT.LIVEKIT_API_KEY, LIVEKIT.LIVEKIT_API_SECRET).verify(livekit.token);
    expect(claims).toMatchObject({ sub: calleeId, video });
    const { payload } = await jwtVerify(livekit.token, new TextEncoder().encode(LIVEKIT.LIVEKIT_API_SECRET), { algorithms: ['HS256'] });
    expect(payload).toEqual({ iss: LIVEKIT.LIVEKIT_API_KEY, sub: calleeId, exp: expect.any(Number), video });
    expect(Math.abs(secondsFrom(now, payload.exp as number) - 600)).toBeLessThan(60);
  });

  it('gets TURN credentials with its name and their end, and the STUN servers without any', async () => {
    const { callId, callerId, caller } = await accepted(service);
    const now = Date.now();
    const { body } = await mediaFor(caller, callId);
    const [stun, turn] = body.iceServers;
    expect(body.iceServers).toHaveLength(2);
    expect(stun).toEqual({ urls: ['stun:stun.example'] });
    expect(turn.urls).toEqual(['turn:turn.example:3478?transport=udp', 'turns:turn.example']);
    const [expiry, user] = turn.username.split(':');
    expect(user).toBe(callerId);
    expect(Math.abs(secondsFrom(now, Number(expiry)) - 600)).toBeLessThan(60);
    expect(turn.credential).toBe(createHmac('sha1', TURN_SECRET).update(turn.username).digest('base64'));
    expect([body.ttlSeconds, Math.abs(Date.parse(body.expiresAt) - now - 600_000) < 60_000]).toEqual([600, true]);
  });

  it('is let into the room of its call, whatever channel it names: two calls on one channel have two rooms', async () => {
    const channelId = `channel-${randomUUID()}`;
    const [theirs, ours] = [await accepted(service, channelId), await accepted(service, channelId)];
    const rooms = await Promise.all([theirs, ours].map(async ({ caller, callId }) => (await mediaFor(caller, callId)).body));
    expect(rooms.map(({ room }) => room)).toEqual([theirs.callId, ours.callId]);
    for (const { room, agora, livekit } of rooms) expect([agora.channel, roomIn(livekit.token)]).toEqual([room, room]);
  });

  it('is let into one room with the other, where their two calls became one', async () => {
    const [annId, benId] = [`ann-${randomUUID()}`, `ben-${randomUUID()}`];
    const [first, second] = [`first-${randomUUID()}`, `second-${randomUUID()}`];
    await send(service, place(annId, benId, { callId: first }), place(benId, annId, { callId: second }));
    const [ann, ben] = [createRestClient(service.url, await mintToken(annId)), createRestClient(service.url, await mintToken(benId))];
    const asked = await Promise.all([mediaFor(ann, first), mediaFor(ben, second), mediaFor(ben, first)]);
    expect(asked.map(({ status, body }) => [status, body.room, body.agora?.uid])).toEqual([
      [200, first, 1],
      [200, first, 2],
      [200, first, 2],
    ]);
  });
});

const roomIn = (token: string): string => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).video.room;

describe('nothing is given', () => {
  it('before the call is accepted, nor after it is over', async () => {
    const { callId, caller, callee } = await pair(service);
    const refused = (state: string) => ({
      status: 400,
      body: { error: { code: 'invalid_status', message: `The call is ${state}`, status: state } },
    });
    for (const client of [caller, callee]) expect(await mediaFor(client, callId)).toMatchObject(refused('INITIATING'));
    await callee.post(`/api/v1/calls/${callId}/accept`);
    await caller.request('PATCH', `/api/v1/calls/${callId}/status`, { status: 'ACTIVE' });
    expect((await mediaFor(caller, callId)).status).toBe(200);
    await callee.post(`/api/v1/calls/${callId}/end`);
    for (const client of [caller, callee]) expect(await mediaFor(client, callId)).toMatchObject(refused('ENDED'));
  });

  it('to strangers, to nobody, and for no call', async () => {
    const { callId } = await accepted(service);
    const stranger = createRestClient(service.url, await mintToken('somebody-else'));
    expect(await mediaFor(stranger, callId)).toMatchObject({ status: 403, body: { error: { code: 'unauthorized' } } });
    expect(await mediaFor(createRestClient(service.url, null), callId)).toMatchObject({ status: 401 });
    for (const none of [randomUUID(), 'no%20id']) {
      expect(await mediaFor(stranger, none)).toMatchObject({ status: 404, body: { error: { code: 'call_not_found' } } });
    }
  });

  it('of what is not set up', async () => {
    await using bare = await startRunningCallService();
    const { callId, caller } = await accepted(bare);
    expect(await mediaFor(caller, callId)).toMatchObject({
      status: 200,
      body: { room: callId, ttlSeconds: 3600, agora: null, livekit: null, iceServers: [] },
    });
  });
});

it('what is given is in no log line, no table and no key of Redis, and different each for each', async () => {
  await using logged = await startCallServiceProcess(MEDIA);
  const { callId, caller, callee } = await accepted(logged);
  const given = await Promise.all([caller, callee].map(async (client) => (await mediaFor(client, callId)).body));
  const secrets = given.flatMap(({ agora, livekit, iceServers }) => [agora.token, livekit.token, iceServers[1].credential]) as string[];
  expect(new Set(secrets).size).toBe(6);
  await caller.post(`/api/v1/calls/${callId}/end`);

  const tables = await logged.database.query<{ tablename: string }>("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
  const rows = await Promise.all(tables.map(({ tablename }) => logged.database.query(`SELECT t::text AS row FROM "${tablename}" t`)));
  const redis = connectRedis(backingUrls().redisUrl, 'subscribe', () => undefined);
  const keys = await redis.keys(`*${logged.redisPrefix}*`);
  const kept = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
  redis.disconnect();
  const places = [logged.output(), JSON.stringify(rows), kept.map((value) => value?.toString('latin1')).join()];
  expect(places[1]).toContain(callId);
  expect(
    places.map((text) => [...secrets, CERTIFICATE, LIVEKIT.LIVEKIT_API_SECRET, TURN_SECRET].filter((secret) => text.includes(secret))),
  ).toEqual([[], [], []]);
});

describe('half a provider stops the start:', () => {
  const problemsOf = (settings: Record<string, string>): string => {
    const whole = { DATABASE_URL: 'postgres://x/x', REDIS_URL: 'redis://x', INTERNAL_TOKEN: 'x'.repeat(16), JWT_SECRET: 'x'.repeat(32) };
    try {
      loadCallServiceConfig({ ...whole, ...settings });
      return 'none';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it.each([
    [{ AGORA_APP_ID: APP_ID }, /AGORA_APP_CERTIFICATE: goes with/],
    [{ AGORA_APP_ID: 'x', AGORA_APP_CERTIFICATE: CERTIFICATE }, /AGORA_APP_ID: must have 32 hexadecimal digits/],
    [{ LIVEKIT_API_KEY: 'x', LIVEKIT_API_SECRET: 'y' }, /LIVEKIT_URL: goes with/],
    [{ LIVEKIT_URL: LIVEKIT.LIVEKIT_URL }, /LIVEKIT_API_KEY: goes with.*LIVEKIT_API_SECRET: goes with/s],
    [{ TURN_URLS: 'turn:turn.example' }, /TURN_SECRET: goes with/],
    [{ TURN_URLS: 'stun:stun.example', TURN_SECRET }, /TURN_SECRET: goes with/],
    [{ TURN_URLS: 'https://turn.example', TURN_SECRET }, /TURN_URLS/],
    [{ MEDIA_TTL_SECONDS: '5' }, /MEDIA_TTL_SECONDS: must be at least 60/],
    [{ TURN_URLS: 'stun:stun.example' }, /^none$/],
    [MEDIA, /^none$/],
  ])('%j', (settings, problem) => {
    expect(problemsOf(settings)).toMatch(problem);
  });
});
