import { randomUUID } from 'node:crypto';
import { type RestClient, type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectLiteral } from './literal.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem({ settings: { UNREACHABLE_GRACE_SECONDS: '1' } });
});
afterAll(() => system[Symbol.asyncDispose]());

const BLOCKS = '/api/v1/users/me/blocks';

interface Person {
  userId: string;
  rest: RestClient;
}

const person = async (name: string): Promise<Person> => {
  const userId = `${name}-${randomUUID()}`;
  return { userId, rest: await system.rest(userId) };
};

const blocking = async (): Promise<{ blocker: Person; blocked: Person }> => {
  const [blocker, blocked] = [await person('blocker'), await person('blocked')];
  expect((await blocker.rest.request('PUT', `${BLOCKS}/${blocked.userId}`)).status).toBe(200);
  return { blocker, blocked };
};

describe('the list itself', () => {
  it('is read, added to and taken from, and doing so twice is no error', async () => {
    const [ann, bob] = [await person('ann'), await person('bob')];
    const empty = { success: true, message: 'Blocked users retrieved successfully', data: { items: [], nextCursor: null } };
    const path = `${BLOCKS}/${bob.userId}`;
    expectLiteral((await ann.rest.get(BLOCKS)).body, empty);
    for (const _time of ['first', 'second'])
      expectLiteral((await ann.rest.request('PUT', path)).body, {
        success: true,
        message: 'User blocked successfully',
        data: { userId: bob.userId, blocked: true },
      });
    expectLiteral((await ann.rest.get(BLOCKS)).body, { ...empty, data: { items: [bob.userId], nextCursor: null } });
    expect((await ann.rest.get(path)).body.data).toEqual({ userId: bob.userId, blocked: true });
    expect((await bob.rest.get(BLOCKS)).body).toEqual(empty);
    for (const _time of ['first', 'second'])
      expectLiteral((await ann.rest.request('DELETE', path)).body, {
        success: true,
        message: 'User unblocked successfully',
        data: { userId: bob.userId, blocked: false },
      });
    expect((await ann.rest.get(path)).body.data).toEqual({ userId: bob.userId, blocked: false });
  });

  it('comes in pages, in the order of blocking, none twice and none left out', async () => {
    const ann = await person('ann');
    const others = Array.from({ length: 5 }, (_, index) => `${9 - index}-${randomUUID()}`);
    for (const other of others) await ann.rest.request('PUT', `${BLOCKS}/${other}`);
    const read: string[] = [];
    const sizes: number[] = [];
    for (let query = '?limit=2'; query !== ''; ) {
      const { items, nextCursor } = (await ann.rest.get(BLOCKS + query)).body.data;
      read.push(...items);
      sizes.push(items.length);
      // Who goes meanwhile, though the page before ended with them, moves nobody.
      await ann.rest.request('DELETE', `${BLOCKS}/${items.at(-1)}`);
      query = nextCursor === null ? '' : `?limit=2&cursor=${nextCursor}`;
    }
    expect([read, sizes]).toEqual([others, [2, 2, 1]]);
  });

  it.each(['limit=0', 'limit=1001', 'limit=x', 'cursor=x', 'cursor=WzEsIlx1MDAwMCJd'])('cannot be read with %s: 400', async (query) => {
    const answer = await (await person('ann')).rest.get(`${BLOCKS}?${query}`);
    expect(answer.status).toBe(400);
    expectLiteral(answer.body, { success: false, message: expect.any(String), data: null });
  });

  it.each(['PUT', 'DELETE', 'GET'])('has no place for oneself, nor for what is no user: %s is 400', async (method) => {
    const { rest, userId } = await person('ann');
    for (const id of [userId, 'x'.repeat(129), 'a%00b']) {
      const answer = await rest.request(method, `${BLOCKS}/${id}`);
      expect(answer.status).toBe(400);
      expectLiteral(answer.body, { success: false, message: expect.any(String), data: null });
    }
  });
});

/** All that a caller can see of its call, with ids and times taken out. */
const seenByCaller = async (caller: Person, calleeId: string): Promise<string[]> => {
  await using phone = await system.phone('onlycare', 0, caller.userId);
  const placed = await caller.rest.post('/api/v1/calls/initiate', { calleeId });
  const callId = placed.body.data.id as string;
  const details = await caller.rest.get(`/api/v1/calls/${callId}`);
  await phone.hears('rejected', callId);
  const over = await caller.rest.get(`/api/v1/calls/${callId}`);
  const late = await caller.rest.post(`/api/v1/calls/${callId}/cancel`, {});
  const history = await caller.rest.get('/api/v1/calls/history?limit=1');
  const presence = await caller.rest.get(`/api/v1/users/${calleeId}/status`);
  const anonymous = (text: string): string =>
    text
      .replaceAll(callId, 'CALL')
      .replaceAll(calleeId, 'CALLEE')
      .replaceAll(caller.userId, 'CALLER')
      .replaceAll(/\d{4}-[^"]*Z/g, 'TIME')
      .replaceAll(/\d{13}/g, 'TIME');
  const answers = [placed, details, over, late, history, presence].map(({ status, text }) => anonymous(`${status} ${text}`));
  const frames = phone.heard.map(({ frame }) => anonymous(JSON.stringify(frame)));
  return [...answers, ...frames];
};

describe('who is blocked', () => {
  it('sees exactly what a callee gives who never was: INITIATING, then REJECTED as offline, and no presence', async () => {
    const { blocker, blocked } = await blocking();
    await using _phone = await system.phone('onlycare', 1, blocker.userId);
    const [asBlocked, asUnknown] = await Promise.all([
      seenByCaller(blocked, blocker.userId),
      seenByCaller(await person('stranger'), `nobody-${randomUUID()}`),
    ]);
    expect(asBlocked).toEqual(asUnknown);
    expect(asBlocked.join('\n')).toContain('"status":"INITIATING"');
    expect(asBlocked.join('\n')).toContain('"reason":"User offline"');
  });

  it('is rejected after the grace, as early and as late as for a callee who never was', async () => {
    const { blocker, blocked } = await blocking();
    const stranger = await person('stranger');
    const waitFor = async (caller: Person, calleeId: string): Promise<number> => {
      const { body } = await caller.rest.post('/api/v1/calls/initiate', { calleeId });
      const took = 'SELECT extract(epoch FROM ended_at - created_at)::float8 AS seconds FROM calls WHERE id = $1 AND ended_at IS NOT NULL';
      const ended = async () => (await system.database.query<{ seconds: number }>(took, [body.data.id]))[0];
      return (await until('the call is over', ended)).seconds;
    };
    const [asBlocked, asUnknown] = await Promise.all([waitFor(blocked, blocker.userId), waitFor(stranger, `nobody-${randomUUID()}`)]);
    expect(Math.min(asBlocked, asUnknown)).toBeGreaterThanOrEqual(1);
    // Each is ended by the sweep of every second.
    expect(Math.abs(asBlocked - asUnknown)).toBeLessThan(1.5);
  });

  it('does not reach the blocker: no ring, nothing in the ringing list or the history, no part in the call', async () => {
    const { blocker, blocked } = await blocking();
    await using phone = await system.phone('onlycare', 1, blocker.userId);
    const { body } = await blocked.rest.post('/api/v1/calls/initiate', { calleeId: blocker.userId });
    const callId = body.data.id as string;
    expect((await blocker.rest.get('/api/v1/calls/ringing')).body.data.items).toEqual([]);
    expect((await blocker.rest.get('/api/v1/calls/history')).body.data.items).toEqual([]);
    expect((await blocker.rest.get(`/api/v1/calls/${callId}`)).status).toBe(403);
    expect((await blocker.rest.post(`/api/v1/calls/${callId}/accept`, {})).status).toBe(403);
    expect((await blocked.rest.get('/api/v1/calls/history')).body.data.items).toMatchObject([{ id: callId, kind: 'outgoing' }]);
    await using late = await system.phone('onlycare', 0, blocker.userId);
    expect(await phone.accept('a-round-trip')).toMatchObject({ code: 'call_not_found' });
    expect(await late.accept('a-round-trip')).toMatchObject({ code: 'call_not_found' });
    expect([...phone.heard, ...late.heard]).toEqual([]);
  });

  it('takes no line of the blocker: others get through, and a blocker who is busy looks no different', async () => {
    const { blocker, blocked } = await blocking();
    await using phone = await system.phone('onlycare', 1, blocker.userId);
    await blocked.rest.post('/api/v1/calls/initiate', { calleeId: blocker.userId });
    const friend = await person('friend');
    const { body } = await friend.rest.post('/api/v1/calls/initiate', { calleeId: blocker.userId });
    await phone.hears('incoming', body.data.id);
    const another = await blocking();
    await using _other = await system.phone('onlycare', 1, another.blocker.userId);
    await friendCalls(another.blocker);
    const { body: met } = await another.blocked.rest.post('/api/v1/calls/initiate', { calleeId: another.blocker.userId });
    expect(met.data.status).toBe('INITIATING');
  });

  it('makes no glare: the blocker’s own call to the blocked is a call of its own', async () => {
    const { blocker, blocked } = await blocking();
    await blocked.rest.post('/api/v1/calls/initiate', { calleeId: blocker.userId });
    const { body } = await blocker.rest.post('/api/v1/calls/initiate', { calleeId: blocked.userId });
    expect(body.data).toMatchObject({ callerId: blocker.userId, calleeId: blocked.userId });
    expect(body.data.status).not.toBe('CONNECTING');
  });

  it('sees the blocker offline, alone and among many; everybody else sees the truth', async () => {
    const { blocker, blocked } = await blocking();
    await using _phone = await system.phone('onlycare', 1, blocker.userId);
    const onlooker = await person('onlooker');
    const path = `/api/v1/users/${blocker.userId}/status`;
    await until('the blocker is online', async () => (await onlooker.rest.get(path)).body.data.online);
    const hidden = { userId: blocker.userId, online: false, lastSeenAt: null };
    expect((await blocked.rest.get(path)).body.data).toEqual(hidden);
    expect((await blocked.rest.post('/api/v1/users/status', { userIds: [blocker.userId] })).body.data).toEqual([hidden]);
  });

  it('rings again once it is unblocked', async () => {
    const { blocker, blocked } = await blocking();
    await using phone = await system.phone('onlycare', 1, blocker.userId);
    await blocker.rest.request('DELETE', `${BLOCKS}/${blocked.userId}`);
    const { body } = await blocked.rest.post('/api/v1/calls/initiate', { calleeId: blocker.userId });
    await phone.hears('incoming', body.data.id);
    expect(await phone.accept(body.data.id)).toMatchObject({ ok: true, status: 'CONNECTING' });
  });
});

const friendCalls = async (callee: Person): Promise<void> => {
  const friend = await person('friend');
  const { body } = await friend.rest.post('/api/v1/calls/initiate', { calleeId: callee.userId });
  expect((await callee.rest.post(`/api/v1/calls/${body.data.id}/accept`, {})).status).toBe(200);
};
