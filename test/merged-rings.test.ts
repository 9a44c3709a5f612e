import { randomUUID } from 'node:crypto';
import { DIALECTS, type Heard, type Phone, type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// Glare with ids of the clients' own: what rang has the first one's, what follows is told under the second one's.

let system: System;

beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system[Symbol.asyncDispose]());

/** Two people of a dialect: a caller, and a callee with two phones. */
const meet = async (dialect: Phone['dialect'], deviceIds: readonly [string | undefined, string | undefined]) => {
  const [callerId, calleeId] = [`caller-${randomUUID()}`, `callee-${randomUUID()}`];
  const connect = (gateway: number, userId: string, deviceId: string | undefined): Promise<Phone> =>
    system.phone(dialect, gateway, userId, deviceId === undefined ? {} : { deviceId });
  const caller = await connect(0, callerId, undefined);
  const phones = [await connect(0, calleeId, deviceIds[0]), await connect(1, calleeId, deviceIds[1])] as const;
  const [first, second] = [`first-${randomUUID()}`, `second-${randomUUID()}`];
  expect(await caller.place({ calleeId, callId: first })).toMatchObject({ ok: true });
  await Promise.all(phones.map((phone) => phone.hears('incoming', first)));
  return { caller, calleeId, phones, first, second, connect };
};

const toldOf = ({ heard }: Phone, ids: readonly string[]): [Heard['kind'], string | null][] =>
  heard.filter(({ callId }) => callId !== null && ids.includes(callId)).map(({ kind, callId }) => [kind, callId]);

describe.each(DIALECTS)('%s', (dialect) => {
  it('phones without a name stop ringing when their person places over REST to who rings them', async () => {
    const { caller, calleeId, phones, first, second } = await meet(dialect, [undefined, undefined]);
    const rest = await system.rest(calleeId);
    const { body } = await rest.post('/api/v1/calls/initiate', { calleeId: caller.userId, callType: 'AUDIO', callId: second });
    expect(body).toMatchObject({ data: { status: 'CONNECTING' } });
    for (const phone of phones) {
      await phone.hears('accepted', second);
      expect(toldOf(phone, [first, second])).toEqual([
        ['incoming', first],
        ['cancelled', first],
        ['accepted', second],
      ]);
    }
  });

  it('a phone that was away when its person placed on another one is told that what it rang for is over', async () => {
    const { caller, calleeId, phones, first, second, connect } = await meet(dialect, ['one', 'two']);
    const [placing, away] = phones;
    await away[Symbol.asyncDispose]();
    await until('its ring is known', async () => {
      const rung = await system.database.query(`SELECT FROM call_trace WHERE call_id = $1 AND kind = 'ring_sent'`, [first]);
      return rung.length === 2;
    });
    expect(await placing.place({ calleeId: caller.userId, callId: second })).toMatchObject({ ok: true, status: 'CONNECTING' });
    expect(await caller.end(first)).toMatchObject({ ok: true });
    const back = await connect(0, calleeId, 'two');
    expect(await back.hears('cancelled', first)).toMatchObject({ reason: expect.stringMatching(/answered.elsewhere/i) });
    expect(toldOf(back, [first, second])).toEqual([['cancelled', first]]);
  });
});

it("another person's id for a call is not the caller's", async () => {
  const { caller, calleeId, phones, second } = await meet('chattrix-ws', ['one', 'two']);
  expect(await phones[0].place({ calleeId: caller.userId, callId: second })).toMatchObject({ ok: true, status: 'CONNECTING' });
  expect(await caller.place({ calleeId, callId: second })).toMatchObject({ ok: false, code: 'conflict' });
});
