import { randomUUID } from 'node:crypto';
import { type RestClient, type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aMoment, anIsoTime, expectLiteral } from './literal.ts';

/** Made up by hand, with values that a page never ends at. */
const CRAFTED_CURSORS = [
  [1e300, 'a'],
  [1, 'a\0b'],
  [-1e17, ''],
  [1, 'x'.repeat(65)],
].map((cursor) => `?cursor=${Buffer.from(JSON.stringify(cursor)).toString('base64url')}`);

let system: System;

beforeAll(async () => {
  system = await startSystem({ callServices: 2, settings: { UNREACHABLE_GRACE_SECONDS: '4' } });
});
afterAll(() => system[Symbol.asyncDispose]());

interface Person {
  userId: string;
  rest: RestClient;
}

const person = async (name: string): Promise<Person> => {
  const userId = `${name}-${randomUUID()}`;
  return { userId, rest: await system.rest(userId, { name: name.toUpperCase(), picture: `https://example.com/${name}.png` }) };
};

const place = async (caller: Person, callee: Person, body: object = {}): Promise<string> => {
  const { status, body: answer } = await caller.rest.post('/api/v1/calls/initiate', { calleeId: callee.userId, ...body });
  expect(status).toBe(201);
  return answer.data.id;
};

const act = async ({ rest }: Person, callId: string, verb: string, body: object = {}): Promise<void> => {
  expect((await rest.post(`/api/v1/calls/${callId}/${verb}`, body)).status).toBe(200);
};

const historyOf = async ({ rest }: Person, query = '') => {
  const { status, body } = await rest.get(`/api/v1/calls/history${query}`);
  expect(status).toBe(200);
  return body.data as { items: ({ id: string; kind: string } & Record<string, unknown>)[]; nextCursor: string | null };
};

const idsOf = (items: readonly { id: string }[]): string[] => items.map(({ id }) => id);

describe('the history', () => {
  it('has one entry per participant as soon as the call is placed, in Chattrix’s envelope, key by key', async () => {
    const [ann, bob, eve] = [await person('ann'), await person('bob'), await person('eve')];
    expectLiteral((await ann.rest.get('/api/v1/calls/history')).body, {
      success: true,
      message: 'Call history retrieved successfully',
      data: { items: [], nextCursor: null },
    });
    const id = await place(ann, bob, { callType: 'VIDEO' });
    const entry = {
      id,
      callerId: ann.userId,
      calleeId: bob.userId,
      callType: 'VIDEO',
      status: 'INITIATING',
      channelId: id,
      startTime: null,
      endTime: null,
      durationSeconds: null,
      createdAt: anIsoTime,
      updatedAt: anIsoTime,
    };
    expectLiteral((await historyOf(ann)).items, [
      { ...entry, kind: 'outgoing', peerId: bob.userId, peerName: null, peerAvatar: null, reason: null },
    ]);
    const theirs = { kind: 'incoming', peerId: ann.userId, peerName: 'ANN', peerAvatar: 'https://example.com/ann.png', reason: null };
    expectLiteral((await historyOf(bob)).items, [{ ...entry, ...theirs }]);
    expect(await historyOf(eve)).toEqual({ items: [], nextCursor: null });
  });

  it('of a call that was spoken has its duration on both sides', async () => {
    const [ann, bob] = [await person('ann'), await person('bob')];
    const id = await place(ann, bob);
    await act(bob, id, 'accept');
    await act(ann, id, 'end');
    const spoken = { id, status: 'ENDED', startTime: anIsoTime, endTime: anIsoTime, durationSeconds: aMoment, reason: 'hung_up' };
    expect((await historyOf(ann)).items).toEqual([expect.objectContaining({ ...spoken, kind: 'outgoing' })]);
    expect((await historyOf(bob)).items).toEqual([expect.objectContaining({ ...spoken, kind: 'incoming' })]);
  });

  it('words each ending for its side: who declined has not missed the call, who was cancelled, offline or busy has', async () => {
    const [ann, bob, eve] = [await person('ann'), await person('bob'), await person('eve')];
    await using bobsPhone = await system.phone('onlycare', 0, bob.userId);
    const declined = await place(ann, bob);
    await act(bob, declined, 'reject');
    const declinedAsBusy = await place(ann, bob);
    await act(bob, declinedAsBusy, 'reject', { reason: 'busy' });
    const cancelled = await place(ann, bob);
    await act(ann, cancelled, 'cancel');
    const live = await place(eve, bob);
    await bobsPhone.hears('incoming', live);
    const busy = await place(ann, bob);
    await act(bob, live, 'reject');
    await bobsPhone[Symbol.asyncDispose]();
    const offline = await place(ann, bob);
    await until('the callee is found offline', async () => (await historyOf(ann)).items[0]?.['reason'] === 'offline');
    const ends = (items: readonly Record<string, unknown>[]) => items.map(({ id, kind, status, reason }) => [id, kind, status, reason]);
    expect(ends((await historyOf(ann)).items)).toEqual([
      [offline, 'outgoing', 'REJECTED', 'offline'],
      [busy, 'outgoing', 'REJECTED', 'busy'],
      [cancelled, 'outgoing', 'CANCELLED', 'cancelled'],
      [declinedAsBusy, 'outgoing', 'REJECTED', 'busy'],
      [declined, 'outgoing', 'REJECTED', 'declined'],
    ]);
    expect(ends((await historyOf(bob)).items)).toEqual([
      [offline, 'missed', 'REJECTED', 'offline'],
      [busy, 'missed', 'REJECTED', 'busy'],
      [live, 'incoming', 'REJECTED', 'declined'],
      [cancelled, 'missed', 'CANCELLED', 'cancelled'],
      [declinedAsBusy, 'incoming', 'REJECTED', 'busy'],
      [declined, 'incoming', 'REJECTED', 'declined'],
    ]);
  });

  it('includes the MISSED: missed by one, outgoing of the other', async () => {
    const [ann, bob] = [await person('ann'), await person('bob')];
    await using bobsPhone = await system.phone('onlycare', 0, bob.userId);
    const id = await place(ann, bob, { ringTimeoutSeconds: 5 });
    await bobsPhone.hears('incoming', id);
    await bobsPhone.hears('cancelled', id);
    const missed = { id, status: 'MISSED', reason: 'no_response', startTime: null, durationSeconds: null };
    expect((await historyOf(ann)).items).toEqual([expect.objectContaining({ ...missed, kind: 'outgoing' })]);
    expect((await historyOf(bob)).items).toEqual([expect.objectContaining({ ...missed, kind: 'missed' })]);
  });

  it('is read newest first by cursor, which calls that come meanwhile do not shift, and by page', async () => {
    const ann = await person('ann');
    const peers = await Promise.all(['bob', 'cid', 'dot', 'eve', 'fay'].map(person));
    const oldestFirst: string[] = [];
    for (const [index, peer] of peers.entries()) {
      const [caller, callee] = index % 2 === 0 ? [ann, peer] : [peer, ann];
      const id = await place(caller, callee);
      await act(caller, id, 'cancel');
      oldestFirst.push(id);
    }
    const newestFirst = oldestFirst.toReversed();
    const firstPage = await historyOf(ann, '?limit=2');
    expect(idsOf(firstPage.items)).toEqual(newestFirst.slice(0, 2));
    const late = await place(ann, await person('gus'));
    const secondPage = await historyOf(ann, `?limit=2&cursor=${firstPage.nextCursor}`);
    expect(idsOf(secondPage.items)).toEqual(newestFirst.slice(2, 4));
    const lastPage = await historyOf(ann, `?limit=2&cursor=${secondPage.nextCursor}`);
    expect(idsOf(lastPage.items)).toEqual(newestFirst.slice(4));
    expect(lastPage.nextCursor).toBeNull();
    expect(idsOf((await historyOf(ann, '?limit=2&page=2')).items)).toEqual([newestFirst[1], newestFirst[2]]);
    expect(idsOf((await historyOf(ann)).items)).toEqual([late, ...newestFirst]);
    expect(await historyOf(ann, '?limit=2&page=9')).toEqual({ items: [], nextCursor: null });
  });

  it('keeps every call where many have the same time', async () => {
    const ann = await person('ann');
    const peers = await Promise.all(Array.from({ length: 7 }, (_, index) => person(`peer${index}`)));
    const ids = new Set(await Promise.all(peers.map((peer) => place(peer, ann).then((id) => id))));
    await system.database.query('UPDATE calls SET created_at = $2 WHERE id = ANY ($1::text[])', [[...ids], new Date()]);
    const seen: string[] = [];
    let cursor = '';
    do {
      const { items, nextCursor } = await historyOf(ann, `?limit=2${cursor}`);
      seen.push(...idsOf(items));
      cursor = nextCursor === null ? '' : `&cursor=${nextCursor}`;
    } while (cursor !== '');
    expect(seen).toHaveLength(ids.size);
    expect(new Set(seen)).toEqual(ids);
  });

  it.each([
    '?limit=0',
    '?limit=101',
    '?limit=ten',
    '?limit=-1',
    '?page=0',
    '?page=x',
    '?cursor=nonsense',
    ...CRAFTED_CURSORS,
    '?cursor=',
    '?limit=1&limit=2',
  ])('with the query %s is 400 in its envelope', async (query) => {
    const { rest } = await person('ann');
    const answer = await rest.get(`/api/v1/calls/history${query}`);
    expect(answer.status).toBe(400);
    expectLiteral(answer.body, { success: false, message: expect.any(String), data: null });
  });
});

describe('the ringing list', () => {
  const ringing = async ({ rest }: Person) => {
    const { status, body } = await rest.get('/api/v1/calls/ringing');
    expect(status).toBe(200);
    return body.data.items as { callId: string }[];
  };

  it('shows an app at its start what rings for it now, key by key, and to nobody else', async () => {
    const [ann, bob] = [await person('ann'), await person('bob')];
    const callId = await place(ann, bob, { callType: 'VIDEO', channelId: 'room' });
    expectLiteral((await bob.rest.get('/api/v1/calls/ringing')).body, {
      success: true,
      message: 'Ringing calls retrieved successfully',
      data: {
        items: [
          {
            callId,
            channelId: 'room',
            callerId: ann.userId,
            callerName: 'ANN',
            callerAvatar: 'https://example.com/ann.png',
            callType: 'VIDEO',
            createdAt: anIsoTime,
            expiresAt: anIsoTime,
          },
        ],
      },
    });
    expect(await ringing(ann)).toEqual([]);
  });

  it.each(['accept', 'reject'])('is empty again after %s', async (verb) => {
    const [ann, bob] = [await person('ann'), await person('bob')];
    const id = await place(ann, bob);
    await act(bob, id, verb);
    expect(await ringing(bob)).toEqual([]);
  });

  it('does not show a ring whose time is up, also before anybody has noticed', async () => {
    const [ann, bob] = [await person('ann'), await person('bob')];
    const id = await place(ann, bob);
    await system.database.query("UPDATE calls SET ring_deadline_at = clock_timestamp() - interval '1 millisecond' WHERE id = $1", [id]);
    expect(await ringing(bob)).toEqual([]);
  });
});

describe('presence', () => {
  const statusesOf = async ({ rest }: Person, userIds: readonly string[]) =>
    (await rest.post('/api/v1/users/status', { userIds })).body.data as { userId: string; online: boolean; lastSeenAt: string | null }[];

  it('of one is answered in Chattrix’s envelope, key by key', async () => {
    const [ann, bob] = [await person('ann'), await person('bob')];
    const status = { success: true, message: 'User status retrieved successfully' };
    const path = `/api/v1/users/${bob.userId}/status`;
    expectLiteral((await ann.rest.get(path)).body, { ...status, data: { userId: bob.userId, online: false, lastSeenAt: null } });
    const bobsPhone = await system.phone('onlycare', 1, bob.userId);
    await until('Bob is online', async () => (await ann.rest.get(path)).body.data.online);
    await bobsPhone[Symbol.asyncDispose]();
    await until('Bob was last seen', async () => (await ann.rest.get(path)).body.data.lastSeenAt);
    expectLiteral((await ann.rest.get(path)).body, { ...status, data: { userId: bob.userId, online: false, lastSeenAt: anIsoTime } });
  });

  it('of many is answered in the order of the question, also for those who never were', async () => {
    const [ann, bob, cid] = [await person('ann'), await person('bob'), await person('cid')];
    await using _bob = await system.phone('onlycare', 0, bob.userId);
    await using _cid = await system.phone('onlycare', 1, cid.userId);
    const asked = [bob.userId, 'never-was', cid.userId, ann.userId];
    await until('both are online', async () => (await statusesOf(ann, asked)).filter(({ online }) => online).length === 2);
    expect((await statusesOf(ann, asked)).map(({ userId, online }) => [userId, online])).toEqual([
      [bob.userId, true],
      ['never-was', false],
      [cid.userId, true],
      [ann.userId, false],
    ]);
  });

  it.each([{}, { userIds: [] }, { userIds: 'bob' }, { userIds: [7] }, { userIds: Array.from({ length: 101 }, (_, index) => `u${index}`) }])(
    'of many with a bad question is 400 (%#)',
    async (body) => {
      const { rest } = await person('ann');
      const answer = await rest.post('/api/v1/users/status', body);
      expect(answer.status).toBe(400);
      expectLiteral(answer.body, { success: false, message: expect.stringMatching(/^userIds/), data: null });
    },
  );
});
