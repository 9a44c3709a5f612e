import type { CallView } from '@trunkline/contract';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RingingCall } from '../src/incoming-call.ts';
import type { CallServices } from '../src/live-call.ts';
import { outcomeOf } from '../src/outcomes.ts';
import { TrunklineError } from '../src/trunkline-error.ts';
import type { CallDone, Incoming } from '../src/wire.ts';

/** The server's clocks are decades away from this host's. */
const RING: Incoming = {
  callId: 'C',
  callerId: 'ana',
  callerName: 'Ana',
  callerAvatar: null,
  callType: 'AUDIO',
  channelId: 'room',
  timestamp: 5000,
  expiresAt: 35_000,
};

const VIEW: CallView = {
  id: 'C',
  callerId: 'ana',
  calleeId: 'ben',
  callType: 'AUDIO',
  status: 'CONNECTING',
  channelId: 'other room',
  startTime: null,
  endTime: null,
  durationSeconds: null,
  createdAt: '',
  updatedAt: '',
};

const told: string[] = [];
let answers: PromiseWithResolvers<CallDone>;
const lookUp = vi.fn();
const ask = vi.fn<CallServices['ask']>(() => answers.promise);
const services: CallServices = {
  ask,
  withdraw: () => false,
  publish: (name) => void told.push(name),
  lookUp,
  media: () => Promise.reject(new Error('nobody asks')),
  merged: () => undefined,
};

const stop = (reason: string) => outcomeOf('call:cancelled', { callId: 'C', reason, timestamp: 0 });
const tick = () => vi.advanceTimersByTimeAsync(0);
const steps = () => told.filter((name) => name !== 'state');

beforeEach(() => {
  vi.useFakeTimers();
  told.length = 0;
  answers = Promise.withResolvers();
  lookUp.mockClear();
  ask.mockClear();
});
afterEach(() => void vi.useRealTimers());

it('rings for the time between the two times of the server, wherever the clock of this host is set', () => {
  const call = new RingingCall(RING, services);
  vi.setSystemTime(Date.now() + 86_400_000);
  vi.advanceTimersByTime(29_999);
  expect([call.isRinging, call.ringMsLeft, call.state]).toEqual([true, 1, 'RINGING']);
  vi.advanceTimersByTime(1);
  expect([call.isRinging, call.ringMsLeft, call.outcome]).toEqual([
    false,
    0,
    expect.objectContaining({ state: 'MISSED', event: 'timeout' }),
  ]);
  call.hearEnd(stop('No answer'));
  expect(steps()).toEqual(['stopped', 'timeout']);
});

it.each([
  [{ timestamp: 0, expiresAt: 86_400_000 }, 120_000],
  [{ timestamp: 86_400_000, expiresAt: 0 }, 0],
])('with clocks of servers that disagree, as in %j, rings for %i ms', (times, ringMs) => {
  expect(new RingingCall({ ...RING, ...times }, services).ringMsLeft).toBe(ringMs);
});

it('needs nothing that browsers of 2023 do not have', async () => {
  const withResolvers = vi.spyOn(Promise, 'withResolvers').mockImplementation(() => {
    throw new TypeError('Promise.withResolvers is not a function');
  });
  const call = new RingingCall(RING, services);
  withResolvers.mockRestore();
  call.hearEnd(stop('Caller cancelled'));
  expect(await call.finished).toMatchObject({ state: 'CANCELLED' });
});

it('told again to a new connection, it is the same ring with the time that is left', () => {
  const call = new RingingCall(RING, services);
  vi.advanceTimersByTime(20_000);
  call.hearAgain({ ...RING, timestamp: 25_500 });
  expect([call.ringMsLeft, told]).toEqual([9500, []]);
  vi.advanceTimersByTime(9500);
  expect(steps()).toEqual(['stopped', 'timeout']);
  call.hearAgain(RING);
  expect(call.isRinging).toBe(false);
});

it.each([
  ['Caller cancelled', 'CANCELLED', 'cancelled'],
  ['Gone shopping', 'CANCELLED', 'cancelled'],
  ['No answer', 'MISSED', 'timeout'],
  ['User offline', 'REJECTED', 'cancelled'],
  ['declined_elsewhere', 'REJECTED', 'cancelled'],
  ['answered_elsewhere', 'ANSWERED_ELSEWHERE', 'cancelled'],
] as const)('stops at "%s" as %s', async (reason, state, event) => {
  const call = new RingingCall(RING, services);
  call.hearEnd(stop(reason));
  call.hearEnd(stop('Caller cancelled'));
  vi.advanceTimersByTime(60_000);
  expect([steps(), await call.finished]).toEqual([['stopped', event], expect.objectContaining({ state, event, reason })]);
  await expect(call.accept()).rejects.toMatchObject({ code: 'invalid_status', wasSent: false });
});

it('stops ringing when it is answered, before the server knows, and is answered when it does', async () => {
  const call = new RingingCall(RING, services);
  const [accepting, again] = [call.accept(), call.accept()];
  expect([call.isRinging, call.state, steps()]).toEqual([false, 'RINGING', ['stopped']]);
  vi.advanceTimersByTime(60_000);
  answers.resolve({ call: VIEW });
  await Promise.all([accepting, again]);
  expect([call.state, call.channelId, steps()]).toEqual(['CONNECTING', 'other room', ['stopped', 'accepted']]);
  await call.accept();
  vi.advanceTimersByTime(60_000);
  expect(call.isOver).toBe(false);
});

it('takes "answered elsewhere" for itself while its own answer is on the way, and after it', async () => {
  const call = new RingingCall(RING, services);
  const accepting = call.accept();
  call.hearEnd(stop('answered_elsewhere'));
  call.learn(VIEW);
  expect(call.isOver).toBe(false);
  answers.resolve({ call: VIEW });
  await accepting;
  call.hearEnd(stop('answered_elsewhere'));
  call.learn(VIEW);
  expect([call.state, steps()]).toEqual(['CONNECTING', ['stopped', 'accepted']]);
});

it('was answered elsewhere when its own answer came too late', async () => {
  const call = new RingingCall(RING, services);
  const accepting = call.accept();
  call.hearEnd(stop('answered_elsewhere'));
  answers.reject(new TrunklineError('invalid_status', '', { status: 'CONNECTING' }));
  await expect(accepting).rejects.toMatchObject({ code: 'invalid_status' });
  expect(call.state).toBe('ANSWERED_ELSEWHERE');
});

it('that is over by an answer waits a moment for the event that says why', async () => {
  const call = new RingingCall(RING, services);
  const accepting = call.accept();
  answers.reject(new TrunklineError('invalid_status', '', { status: 'CANCELLED' }));
  await expect(accepting).rejects.toMatchObject({ status: 'CANCELLED' });
  expect(call.isOver).toBe(false);
  call.hearEnd(stop('Gone shopping'));
  expect(call.outcome).toMatchObject({ reason: 'Gone shopping' });

  const another = new RingingCall({ ...RING, callId: 'D' }, services);
  another.learn({ ...VIEW, status: 'CANCELLED' });
  expect([another.isRinging, another.isOver]).toEqual([false, false]);
  vi.advanceTimersByTime(1000);
  expect(another.outcome).toMatchObject({ state: 'CANCELLED', reason: 'Caller cancelled' });
});

it('that could not be answered is silent, may be tried again, and is over in time', async () => {
  const call = new RingingCall(RING, services);
  const accepting = call.accept();
  answers.reject(new TrunklineError('timed_out', '', { wasSent: false }));
  await expect(accepting).rejects.toMatchObject({ code: 'timed_out' });
  expect([call.isRinging, call.isOver]).toEqual([false, false]);
  answers = Promise.withResolvers();
  const again = call.accept();
  vi.advanceTimersByTime(60_000);
  expect(call.isOver).toBe(false);
  answers.reject(new TrunklineError('timed_out', '', { wasSent: false }));
  await expect(again).rejects.toMatchObject({ code: 'timed_out' });
  expect([steps(), lookUp.mock.calls]).toEqual([['stopped', 'timeout'], []]);
});

describe('whose accept was sent and got no answer in time', () => {
  const TIMED_OUT = new TrunklineError('timed_out', '', { wasSent: true });
  const requestIds = () => [...new Set(ask.mock.calls.map(([, , options]) => options?.requestId))];

  const inDoubt = async (meanwhile: (call: RingingCall) => void = () => undefined): Promise<RingingCall> => {
    const call = new RingingCall(RING, services);
    const accepting = call.accept();
    meanwhile(call);
    answers.reject(TIMED_OUT);
    await expect(accepting).rejects.toBe(TIMED_OUT);
    answers = Promise.withResolvers();
    return call;
  };

  it('is looked up, and may be answered again under the same name', async () => {
    const call = await inDoubt();
    expect(lookUp.mock.calls).toEqual([['C']]);
    const again = call.accept();
    answers.resolve({ call: VIEW });
    await again;
    expect([call.state, requestIds(), ask.mock.calls.length]).toEqual(['CONNECTING', [expect.any(String)], 2]);
  });

  it.each<[string, (call: RingingCall) => void]>([
    ['a look-up finds it answered', (call) => call.learn(VIEW)],
    ['it is told to be answered elsewhere', (call) => call.hearEnd(stop('answered_elsewhere'))],
  ])('asks again under the same name who answered when %s', async (_what, learn) => {
    const here = await inDoubt();
    learn(here);
    answers.resolve({ call: VIEW });
    await tick();
    expect([here.state, requestIds(), steps()]).toEqual(['CONNECTING', [expect.any(String)], ['stopped', 'accepted']]);

    answers = Promise.withResolvers();
    const elsewhere = await inDoubt();
    learn(elsewhere);
    answers.reject(new TrunklineError('invalid_status', '', { status: 'CONNECTING' }));
    await tick();
    expect(elsewhere.state).toBe('ANSWERED_ELSEWHERE');
  });

  it('is not over by what was said of another device while it was out', async () => {
    const call = await inDoubt((waiting) => waiting.learn(VIEW));
    expect([call.isOver, lookUp.mock.calls]).toEqual([false, [['C']]]);
  });

  it('stays in doubt when the second asking gets no answer either, sent or not', async () => {
    const call = await inDoubt();
    call.learn(VIEW);
    answers.reject(new TrunklineError('timed_out', '', { wasSent: false }));
    await tick();
    expect([call.isOver, lookUp.mock.calls]).toEqual([false, [['C'], ['C']]]);
  });

  it('is over when the server says so, not by its own time', async () => {
    const call = await inDoubt();
    vi.advanceTimersByTime(60_000);
    expect(call.isOver).toBe(false);
    call.hearEnd(stop('No answer'));
    expect(call.state).toBe('MISSED');
  });
});

it('that is declined is silent at once, and over by the answer, or by its time', async () => {
  const call = new RingingCall(RING, services);
  const rejecting = call.reject('Busy here');
  expect([call.isRinging, steps()]).toEqual([false, ['stopped']]);
  answers.resolve({ call: { ...VIEW, status: 'REJECTED' } });
  expect(await rejecting).toMatchObject({ state: 'REJECTED', event: 'rejected', reason: 'Busy here', endedBy: 'ben' });

  answers = Promise.withResolvers();
  const another = new RingingCall({ ...RING, callId: 'D' }, services);
  const late = another.reject();
  vi.advanceTimersByTime(30_000);
  answers.reject(new TrunklineError('timed_out', ''));
  expect(await late).toMatchObject({ state: 'MISSED' });
  await tick();
});
