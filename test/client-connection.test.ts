import { randomUUID } from 'node:crypto';
import type { TokenReason } from '@trunkline/client';
import { mintToken, type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientPhone, clientPhone, ringBetween } from './client-phones.ts';

const PATIENCE_MS = 60_000;

let system: System;

beforeAll(async () => {
  system = await startSystem({
    gateways: 2,
    asProcesses: ['socket-gateway'],
    settings: { LIMIT_CONNECTIONS_PER_USER: '2', LIMIT_COMMANDS_PER_SECOND: '5' },
  });
});
afterAll(() => system[Symbol.asyncDispose]());

const statusesOf = ({ told }: ClientPhone): string[] =>
  told.flatMap(({ name, event }) => {
    if (name !== 'connection') return [];
    return 'reason' in event ? [`${event.status}: ${event.reason}`] : [event.status];
  });
const waitsOf = ({ told }: ClientPhone): number[] =>
  told.flatMap(({ name, event }) => (name === 'connection' && 'retryInMs' in event ? [event.retryInMs] : []));
/** Who waited as long as that would not be seen again. */
const HOUR_MS = 3_600_000;
const isClosed = (phone: ClientPhone) => until('it is closed', () => phone.client.connection.status === 'closed');

describe('a token', { timeout: PATIENCE_MS }, () => {
  it('is renewed before it ends, and the connection lives on', async () => {
    const userId = `user-${randomUUID()}`;
    const asked: TokenReason[] = [];
    const getToken = (why: TokenReason): Promise<string> => {
      asked.push(why);
      return mintToken(userId, { ttlSeconds: 10 });
    };
    using phone = await clientPhone(system, [0], userId, { getToken });
    await until('the first token has ended', () => asked.length === 3, PATIENCE_MS);
    expect(asked).toEqual(['first', 'expiring', 'expiring']);
    expect(statusesOf(phone)).toEqual(['connected']);
    expect(phone.client.userId).toBe(userId);
    expect(await phone.client.presence([userId])).toMatchObject([{ online: true }]);
  });

  it('that ended is replaced, and the connection made again', async () => {
    const userId = `user-${randomUUID()}`;
    const asked: TokenReason[] = [];
    const getToken = async (why: TokenReason): Promise<string> => {
      asked.push(why);
      if (why === 'expiring') throw new Error('the backend is away');
      return mintToken(userId, { ttlSeconds: asked.length === 1 ? 6 : 600 });
    };
    using phone = await clientPhone(system, [0], userId, { getToken });
    await phone.connected();
    await until('it was asked after the end', () => asked.includes('expired'), PATIENCE_MS);
    await phone.connected();
    expect(asked).toEqual(['first', 'expiring', 'expired']);
    expect(statusesOf(phone)).toEqual(['connected', 'waiting: token_expired', 'connecting', 'connected']);
    expect(phone.told.filter(({ name }) => name === 'error')).toHaveLength(1);
  });

  it('that was refused is asked for again, but not presented twice', async () => {
    const userId = `user-${randomUUID()}`;
    const asked: TokenReason[] = [];
    const getToken = async (why: TokenReason): Promise<string> => {
      asked.push(why);
      return why === 'first' ? 'no token' : mintToken(userId);
    };
    using phone = await clientPhone(system, [0], userId, { getToken });
    await phone.connected();
    expect(asked).toEqual(['first', 'refused']);
    using stubborn = await clientPhone(system, [0], userId, { getToken: () => 'no token' });
    await isClosed(stubborn);
    expect(statusesOf(stubborn)).toEqual(['waiting: unauthenticated', 'connecting', 'closed: unauthenticated']);
  });

  it('that was refused is replaced at once; those after it with waits between', async () => {
    const userId = `user-${randomUUID()}`;
    const reconnect = { maxMs: HOUR_MS };
    using phone = await clientPhone(system, [0], userId, {
      reconnect,
      getToken: async (why) => (why === 'first' ? 'no token' : mintToken(userId)),
    });
    await phone.connected();
    expect(waitsOf(phone)).toEqual([0]);
    let asked = 0;
    const getToken = (): string => {
      asked += 1;
      return `no token ${asked}`;
    };
    using hopeless = await clientPhone(system, [0], userId, { reconnect, getToken });
    await until('it waits a second time', () => waitsOf(hopeless).length === 2);
    expect([waitsOf(hopeless), asked]).toEqual([[0, expect.toSatisfy((wait) => wait > 1000)], 2]);
  });

  it('that was refused and that nobody can replace closes the client at once', async () => {
    using phone = await clientPhone(system, [0], 'nobody', { token: 'nonsense', reconnect: { maxMs: HOUR_MS } });
    await isClosed(phone);
    expect(statusesOf(phone)).toEqual(['closed: unauthenticated']);
  });

  it('that nobody renews ends the client for good', async () => {
    const userId = `user-${randomUUID()}`;
    using phone = await clientPhone(system, [0], userId, { claims: { ttlSeconds: 5 } });
    await phone.connected();
    await isClosed(phone);
    expect(statusesOf(phone).at(-1)).toBe('closed: token_expired');
    await expect(phone.client.place('ben').placed).rejects.toMatchObject({ code: 'closed' });
    using signedOut = await clientPhone(system, [0], userId, { getToken: () => null });
    await isClosed(signedOut);
    await expect(signedOut.client.presence([userId])).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('is renewed when REST does not take it', async () => {
    const userId = `user-${randomUUID()}`;
    const nowhere = 'http://127.0.0.1:1';
    const getToken = async (why: TokenReason): Promise<string> => (why === 'first' ? 'no token' : mintToken(userId));
    using phone = await clientPhone(system, [], userId, { url: nowhere, getToken });
    expect(await phone.client.presence([userId])).toEqual([{ userId, online: false, lastSeenAt: null }]);
    using cut = await clientPhone(system, [], userId, { url: nowhere, restUrl: nowhere });
    await expect(cut.client.history()).rejects.toMatchObject({ code: 'unreachable' });
  });
});

describe('a server that closes', { timeout: PATIENCE_MS }, () => {
  it('and says not to come back is believed', async () => {
    using phone = await clientPhone(system, [0], `user-${randomUUID()}`);
    await phone.connected();
    const calls = Array.from({ length: 100 }, () => phone.client.place('somebody'));
    await isClosed(phone);
    expect(phone.client.connection).toEqual({ status: 'closed', reason: 'flooding', code: 4529 });
    await Promise.all(calls.map(({ finished }) => finished));
  });

  it('and says to come back later is tried again, until there is room', async () => {
    const userId = `user-${randomUUID()}`;
    const phones = await Promise.all([0, 1].map((gateway) => clientPhone(system, [gateway], userId)));
    const sessions = () => system.database.query('SELECT FROM sessions WHERE user_id = $1 AND closed_at IS NULL', [userId]);
    await until('both are registered', async () => (await sessions()).length === 2);
    using surplus = await clientPhone(system, [0], userId);
    await until('it was sent away', () => statusesOf(surplus).includes('waiting: too_many_connections'));
    for (const phone of phones) phone[Symbol.dispose]();
    await surplus.connected();
    await until('it alone is there', async () => (await sessions()).length === 1);
  });

  it('because it stops sends its clients to the next one, as soon as it says', async () => {
    using phone = await clientPhone(system, [0, 1], `user-${randomUUID()}`, { reconnect: { maxMs: HOUR_MS } });
    await phone.connected();
    const gateway = system.process('socket-gateway', 0);
    process.kill(gateway.pid, 'SIGTERM');
    await until('it has moved', () => statusesOf(phone).length === 4);
    expect(statusesOf(phone)).toEqual(['connected', 'waiting: going_away', 'connecting', 'connected']);
    expect(phone.client.connection).toMatchObject({ url: system.gateways[1]?.url });
    // When to come back, it said.
    expect(Math.max(...waitsOf(phone))).toBeLessThanOrEqual(2000);
    await gateway.kill();
    await gateway.start();
  });

  it('is tried again after waits that are random and bounded, shorter where something waits to be done', async () => {
    const reconnect = { busyMs: 8, maxMs: 64 };
    using phone = await clientPhone(system, [], 'nobody', { url: 'http://127.0.0.1:1', reconnect });
    await until('it has tried a while', () => waitsOf(phone).length >= 30);
    expect(Math.max(...waitsOf(phone))).toBeLessThan(64);
    expect(new Set(waitsOf(phone)).size).toBeGreaterThan(5);
    using busy = await clientPhone(system, [], 'nobody', { url: 'http://127.0.0.1:1', reconnect: { busyMs: 8, maxMs: HOUR_MS } });
    const call = busy.client.place('somebody', { timeoutMs: 3000 });
    expect(await call.finished).toMatchObject({ reason: 'timed_out' });
    expect(busy.told.filter(({ event }) => 'retryInMs' in event).length).toBeGreaterThan(1);
  });

  it('is reached by long polling where there is no WebSocket', async () => {
    const polling = { transports: ['polling'] } as const;
    using caller = await clientPhone(system, [0], `caller-${randomUUID()}`, polling);
    using callee = await clientPhone(system, [1], `callee-${randomUUID()}`, polling);
    const { out, incoming } = await ringBetween(caller, callee);
    await incoming.reject('Later');
    expect(await out.finished).toMatchObject({ state: 'REJECTED', reason: 'Later' });
  });

  it('is not waited for when the app says that the network is back', async () => {
    using phone = await clientPhone(system, [0], `user-${randomUUID()}`, {
      url: ['http://127.0.0.1:1', system.gateways[0]?.url as string],
      reconnect: { maxMs: HOUR_MS },
    });
    await until('it waits', () => phone.client.connection.status === 'waiting');
    phone.client.reconnectNow();
    await phone.connected();
  });
});
