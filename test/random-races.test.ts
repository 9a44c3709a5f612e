import { randomUUID } from 'node:crypto';
import { isFinal, isRinging } from '@trunkline/contract';
import { DIALECTS, type Phone, type System, startSystem, until } from '@trunkline/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Facts } from './dialect-frames.ts';
import { type Asked, type Deadline, type Device, type Lane, type LaneDialects, letPass, openLane, type Verb } from './race-lane.ts';
import { expectOneTruth, readCall } from './race-verdict.ts';

const LANES = 8;
const RACES_PER_LANE = 10;
const PATIENCE_MS = 1_800_000;

let system: System;

beforeAll(async () => {
  system = await startSystem({ callServices: 2 });
});
afterAll(() => system[Symbol.asyncDispose]());

/** `…_and_leave`: the device is gone before it can hear the answer. */
type Move = Verb | 'disconnect' | 'reconnect' | `${Exclude<Verb, 'connected'>}_and_leave`;

interface Step {
  move: Move;
  /** Milliseconds after what the same device did before. */
  delay: number;
}

interface Race {
  /** Whether the race begins before the ring has arrived. */
  isEager: boolean;
  /** What each device does, one thing after another. */
  steps: readonly (readonly Step[])[];
  /** What time does meanwhile. */
  deadlines: readonly { deadline: Deadline; delay: number }[];
  /** Who ends a call that has survived all this. */
  finisher: 'caller' | 'callee' | 'time';
}

const delay = fc.integer({ min: 0, max: 6 });
const stepsOf = (moves: readonly Move[]): fc.Arbitrary<readonly Step[]> =>
  fc.array(fc.record({ move: fc.constantFrom(...moves), delay }), { maxLength: 3 });

const ANYBODY = ['end', 'connected', 'disconnect', 'reconnect', 'end_and_leave'] as const;
const callerSteps = stepsOf(['cancel', 'cancel', 'cancel_and_leave', ...ANYBODY]);
const calleeSteps = stepsOf(['accept', 'accept', 'reject', 'accept_and_leave', 'reject_and_leave', ...ANYBODY]);

const races: fc.Arbitrary<Race> = fc.record({
  isEager: fc.boolean(),
  steps: fc.tuple(callerSteps, callerSteps, calleeSteps, calleeSteps),
  deadlines: fc.array(fc.record({ deadline: fc.constantFrom('ring_timeout' as const, 'graces' as const), delay }), { maxLength: 1 }),
  finisher: fc.constantFrom('caller' as const, 'callee' as const, 'time' as const),
});

const dialect = fc.constantFrom(...DIALECTS);
const laneDialects: fc.Arbitrary<LaneDialects> = fc.tuple(dialect, dialect, dialect, dialect);

const after = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const say = (phone: Phone, verb: Verb, callId: string) => phone[verb](callId);

/** What a device does; nothing where it is not connected. */
const take = async (device: Device, move: Move, callId: string, answers: Asked[]): Promise<void> => {
  if (move === 'reconnect') return void (await device.connect());
  const { phone } = device;
  if (phone === null) return;
  if (move === 'disconnect') return device.disconnect();
  const [verb, , leaves] = move.split('_') as [Verb, 'and'?, 'leave'?];
  const answered = say(phone, verb, callId);
  if (leaves === undefined) {
    answers.push({ device, verb, answer: await answered });
    return;
  }
  answered.catch(() => undefined);
  await device.disconnect();
};

const runSteps = async (device: Device, steps: readonly Step[], callId: string, answers: Asked[]): Promise<void> => {
  for (const { move, delay } of steps) {
    await after(delay);
    await take(device, move, callId, answers);
  }
};

/** Ends a call that still lives. What was sent by devices that left may come in between. */
const finish = async ({ devices }: Lane, finisher: Race['finisher'], callId: string, answers: Asked[]): Promise<void> => {
  await until('the call is over', async () => {
    const { state } = await readCall(system, callId);
    if (isFinal(state)) return true;
    const verb = isRinging(state) ? ({ caller: 'cancel', callee: 'reject' } as const) : ({ caller: 'end', callee: 'end' } as const);
    const device = devices.find(({ side }) => side === finisher);
    if (finisher === 'time' || device === undefined) await letPass(system, callId, isRinging(state) ? 'ring_timeout' : 'max_duration');
    else answers.push({ device, verb: verb[device.side], answer: await say(await device.connect(), verb[device.side], callId) });
    return false;
  });
};

const runRace = async (lane: Lane, { isEager, steps, deadlines, finisher }: Race): Promise<void> => {
  const { devices } = lane;
  const [first, , callee] = devices as [Device, Device, Device, Device];
  for (const device of devices) device.forget();
  const callId = `call-${randomUUID()}`;
  const facts: Facts = {
    callId,
    callerId: first.userId,
    calleeId: callee.userId,
    callerName: 'Ann',
    callerAvatar: null,
    callType: 'AUDIO',
    channelId: callId,
  };
  const caller = await first.connect();
  expect(await caller.place({ calleeId: callee.userId, callId })).toMatchObject({ ok: true, callId });
  const ringing = devices.filter(({ side }) => side === 'callee');
  if (!isEager) await Promise.all(ringing.map(({ phone }) => phone?.hears('incoming', callId)));
  const answers: Asked[] = [];
  await Promise.all([
    ...devices.map((device, index) => runSteps(device, steps[index] ?? [], callId, answers)),
    ...deadlines.map(({ deadline, delay }) => after(delay).then(() => letPass(system, callId, deadline))),
  ]);
  await finish(lane, finisher, callId, answers);
  const late = await Promise.all(devices.filter(({ phone }) => phone === null).map((device) => device.connect()));
  const people = await Promise.all([system.rest(facts.callerId), system.rest(facts.calleeId, {}, 1)]);
  await expectOneTruth(system, { facts, devices, late, answers, people });
};

it(
  'people race on several devices, in all dialects, over two gateways and two call-services: one outcome each, and everybody is told the same',
  async () => {
    const { count: all, seed } = inject('races');
    const count = Math.ceil(all / 2);
    const toRun = fc.sample(races, { numRuns: count, seed });
    const dialectsToRun = fc.sample(laneDialects, { numRuns: Math.ceil(count / RACES_PER_LANE), seed });
    let run = 0;
    const runSome = async (): Promise<void> => {
      for (let dialects = dialectsToRun.pop(); dialects !== undefined; dialects = dialectsToRun.pop()) {
        await using lane = await openLane(system, dialects);
        for (const race of toRun.splice(0, RACES_PER_LANE)) {
          await runRace(lane, race).catch((error: unknown) => {
            // The other lanes stop too.
            dialectsToRun.length = 0;
            toRun.length = 0;
            throw new Error(`race ${JSON.stringify(race)} of ${dialects.join(', ')} (seed ${seed})`, { cause: error });
          });
          run += 1;
        }
      }
    };
    await Promise.all(Array.from({ length: LANES }, runSome));
    expect(run).toBe(count);
    await until('the outbox is empty', async () => (await system.database.query('SELECT FROM outbox')).length === 0);
  },
  PATIENCE_MS,
);
