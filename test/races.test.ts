import { randomUUID } from 'node:crypto';
import { INTERNAL_PATHS } from '@trunkline/contract';
import { type OnlyCareAck, type OnlyCareClient, type System, startSystem, until } from '@trunkline/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';

const LANES = 10;
const PATIENCE_MS = 600_000;

let system: System;

beforeAll(async () => {
  system = await startSystem({ callServices: 2 });
});
afterAll(() => system[Symbol.asyncDispose]());

const CONTENDERS = ['accept', 'cancel', 'reject', 'timeout'] as const;
type Contender = (typeof CONTENDERS)[number];

const STATE_OF: Readonly<Record<Contender, string>> = { accept: 'CONNECTING', cancel: 'CANCELLED', reject: 'REJECTED', timeout: 'MISSED' };
const CALLER_HEARS: Readonly<Record<Contender, readonly string[]>> = {
  accept: ['call:accepted'],
  cancel: [],
  reject: ['call:rejected'],
  timeout: ['call:timeout'],
};

/** Who races, and how many milliseconds after the ring each of them moves. */
type Race = readonly (readonly [Contender, number])[];

const races: fc.Arbitrary<Race> = fc
  .shuffledSubarray([...CONTENDERS], { minLength: 2, maxLength: 4 })
  .chain((contenders) => fc.tuple(...contenders.map((contender) => fc.tuple(fc.constant(contender), fc.integer({ min: 0, max: 4 })))));

interface Lane {
  caller: OnlyCareClient;
  phone: OnlyCareClient;
  tablet: OnlyCareClient;
  calleeId: string;
}

const openLane = async (): Promise<Lane & AsyncDisposable> => {
  const [callerId, calleeId] = [`caller-${randomUUID()}`, `callee-${randomUUID()}`];
  const [caller, phone, tablet] = await Promise.all([
    system.connect(0, callerId),
    system.connect(1, calleeId, { deviceId: 'phone' }),
    system.connect(0, calleeId, { deviceId: 'tablet' }),
  ]);
  return {
    caller,
    phone,
    tablet,
    calleeId,
    async [Symbol.asyncDispose]() {
      for (const client of [caller, phone, tablet]) client.socket.disconnect();
    },
  };
};

/** Moves the deadline to now, by the database's own clock, and has a call-service look at what is due. */
const timeOut = async (callId: string): Promise<OnlyCareAck> => {
  const shorten =
    'UPDATE calls SET ring_deadline_at = clock_timestamp(), due_at = clock_timestamp() WHERE id = $1 AND ended_at IS NULL AND accepted_at IS NULL';
  await system.database.query(shorten, [callId]);
  const url = system.callServices[callId.charCodeAt(callId.length - 1) % 2]?.url;
  await fetch(`${url}${INTERNAL_PATHS.due}`, { method: 'POST', headers: { authorization: `Bearer ${system.internalToken}` } });
  return { ok: true };
};

const pull = ({ caller, phone, tablet }: Lane, contender: Contender, callId: string): Promise<OnlyCareAck> => {
  if (contender === 'timeout') return timeOut(callId);
  if (contender === 'cancel') return caller.ask('call:cancel', { callId });
  return contender === 'accept' ? phone.ask('call:accept', { callId }) : tablet.ask('call:reject', { callId });
};

const after = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const outcomeNames = (client: OnlyCareClient, callId: string): string[] =>
  client.namesFor(callId).filter((name) => name !== 'call:incoming' && name !== 'call:ringing');

interface Outcome {
  state: string;
  events: string[];
}

const outcomeOf = async (callId: string): Promise<Outcome> => {
  const [row] = await system.database.query<Outcome>(
    `SELECT c.state, array(SELECT kind FROM call_trace t WHERE t.call_id = c.id AND kind IN
      ('call_accepted', 'call_cancelled', 'call_rejected', 'call_missed') ORDER BY t.id) AS events FROM calls c WHERE c.id = $1`,
    [callId],
  );
  return row as Outcome;
};

/** Every device that rang and did not act is told exactly once; the one that won is told nothing. */
const expectAllTold = async ({ caller, phone, tablet }: Lane, callId: string, winner: Contender): Promise<void> => {
  const actor = { accept: phone, reject: tablet, cancel: null, timeout: null }[winner];
  for (const device of [phone, tablet]) {
    if (device === actor) continue;
    await until(`a device is told of ${winner}`, () => outcomeNames(device, callId).length > 0);
    expect(outcomeNames(device, callId)).toEqual(['call:cancelled']);
  }
  await until(`the caller is told of ${winner}`, () => outcomeNames(caller, callId).length >= CALLER_HEARS[winner].length);
  expect(outcomeNames(caller, callId)).toEqual(CALLER_HEARS[winner]);
};

const runRace = async (lane: Lane, race: Race): Promise<void> => {
  const { call } = await lane.caller.ask('call:initiate', { receiverId: lane.calleeId });
  const callId = call?.id as string;
  const isThis = (body: { callId: string }): boolean => body.callId === callId;
  await Promise.all([lane.phone.hears('call:incoming', isThis), lane.tablet.hears('call:incoming', isThis)]);
  const answers = await Promise.all(race.map(([contender, delay]) => after(delay).then(() => pull(lane, contender, callId))));
  const { state, events } = await outcomeOf(callId);
  expect(events).toHaveLength(1);
  const asked = race
    .map(([contender], index) => ({ contender, answer: answers[index] as OnlyCareAck }))
    .filter(({ contender }) => contender !== 'timeout');
  const winners = asked.filter(({ answer }) => answer.ok).map(({ contender }) => contender);
  const winner = winners[0] ?? 'timeout';
  expect(winners.length).toBeLessThanOrEqual(1);
  expect(state).toBe(STATE_OF[winner]);
  for (const { answer } of asked.filter(({ answer: { ok } }) => !ok)) {
    expect(answer.error).toMatchObject({ code: 'invalid_status', status: state });
  }
  await expectAllTold(lane, callId, winner);
  if (winner === 'accept') expect(await lane.caller.ask('call:end', { callId })).toMatchObject({ ok: true });
};

it(
  'accept, cancel, reject and timeout race on two call-services: one outcome each, and everybody is told the same',
  async () => {
    const { count, seed } = inject('races');
    const all = fc.sample(races, { numRuns: count, seed });
    const share = Math.ceil(all.length / LANES);
    let run = 0;
    const runLane = async (own: readonly Race[]): Promise<void> => {
      await using lane = await openLane();
      for (const race of own) {
        await runRace(lane, race).catch((error: unknown) => {
          throw new Error(`race ${JSON.stringify(race)} (seed ${seed})`, { cause: error });
        });
        run += 1;
      }
    };
    await Promise.all(Array.from({ length: LANES }, (_, index) => runLane(all.slice(index * share, (index + 1) * share))));
    expect(run).toBe(count);
    await until('the outbox is empty', async () => (await system.database.query('SELECT FROM outbox')).length === 0);
  },
  PATIENCE_MS,
);
