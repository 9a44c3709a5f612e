import type { CallView } from '@trunkline/contract';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallRegister } from '../src/call-register.ts';
import type { CallServices } from '../src/live-call.ts';
import type { Incoming } from '../src/wire.ts';

const CREATED_AT = '2020-01-01T00:00:00.000Z';

const RINGING: CallView = {
  id: 'C',
  callerId: 'ana',
  calleeId: 'ben',
  callType: 'AUDIO',
  status: 'RINGING',
  channelId: 'room',
  startTime: null,
  endTime: null,
  durationSeconds: null,
  createdAt: CREATED_AT,
  updatedAt: CREATED_AT,
};

const RING: Incoming = {
  callId: 'C',
  callerId: 'ana',
  callerName: 'Ana',
  callerAvatar: null,
  callType: 'AUDIO',
  channelId: 'room',
  timestamp: 5000,
  expiresAt: 14_500,
};

const lookUp = vi.fn();
const onIncoming = vi.fn();
const ask = vi.fn<CallServices['ask']>(() => new Promise(() => undefined));
const withdraw = vi.fn(() => false);
const publish = vi.fn();
const services: CallServices = {
  ask,
  withdraw,
  publish,
  lookUp,
  media: () => Promise.reject(new Error('nobody asks')),
  merged: (callId) => calls.merge(callId),
};

let calls: CallRegister;

const takeUp = (view = RINGING) => {
  const call = calls.adopt(view, 'ben');
  if (call.direction === 'outgoing') throw new Error('it rings here');
  return call;
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  calls = new CallRegister({ services, onIncoming, onElsewhere: () => undefined });
});
afterEach(() => void vi.useRealTimers());

it('a ring that is taken up rings as long as any may, and is looked up in case its stop was not heard', () => {
  const call = takeUp();
  expect([call.ringMsLeft, call.callerName, lookUp.mock.calls]).toEqual([120_000, 'ana', [['C']]]);
  vi.advanceTimersByTime(119_999);
  expect(call.isRinging).toBe(true);
  vi.advanceTimersByTime(1);
  expect([call.isRinging, call.outcome?.state]).toEqual([false, 'MISSED']);
});

it('a ring that is taken up learns its time and its caller from the server, which makes it incoming once', () => {
  const call = takeUp();
  vi.advanceTimersByTime(30_000);
  calls.hear['call:incoming'](RING);
  calls.hear['call:incoming'](RING);
  expect([call.ringMsLeft, call.expiresAt, call.callerName, onIncoming.mock.calls]).toEqual([9500, 14_500, 'Ana', [[call]]]);
  vi.advanceTimersByTime(9500);
  expect(call.outcome).toMatchObject({ state: 'MISSED' });
});

it('a ring that was taken up and is being answered is incoming no more, nor is a call that does not ring', () => {
  void takeUp().accept();
  calls.hear['call:incoming'](RING);
  const answered = takeUp({ ...RINGING, id: 'D', status: 'CONNECTING' });
  expect([answered.isRinging, answered.ringMsLeft, onIncoming.mock.calls, lookUp.mock.calls]).toEqual([false, 0, [], [['C']]]);
});

describe('a ring that is taken up before the server knows that it rings anywhere', () => {
  const PLACED: CallView = { ...RINGING, status: 'INITIATING' };

  it('rings, and learns its time and its caller from the server', () => {
    const call = takeUp(PLACED);
    expect([call.state, call.isRinging, lookUp.mock.calls]).toEqual(['RINGING', true, [['C']]]);
    calls.hear['call:incoming'](RING);
    expect([call.ringMsLeft, call.callerName, onIncoming.mock.calls]).toEqual([9500, 'Ana', [[call]]]);
  });

  it('stops when another device answers, as the server tells it', () => {
    const call = takeUp(PLACED);
    calls.hear['call:cancelled']({ callId: 'C', reason: 'answered_elsewhere', timestamp: 0 });
    expect([call.isRinging, call.state]).toEqual([false, 'ANSWERED_ELSEWHERE']);
  });

  it.each(['CONNECTING', 'ACTIVE'] as const)('stops when another device answered, as a look-up finds it %s', (status) => {
    const call = takeUp(PLACED);
    call.learn({ ...PLACED, status });
    expect([call.isRinging, call.state]).toEqual([false, 'ANSWERED_ELSEWHERE']);
  });

  it('stops when it is over, as a look-up finds it', () => {
    const call = takeUp(PLACED);
    call.learn({ ...PLACED, status: 'CANCELLED' });
    vi.advanceTimersByTime(1000);
    expect([call.isRinging, call.state]).toEqual([false, 'CANCELLED']);
  });

  it('is this device’s when it is answered here', async () => {
    const call = takeUp(PLACED);
    ask.mockResolvedValueOnce({ call: { ...PLACED, status: 'CONNECTING' } });
    await call.accept();
    expect([call.state, call.isOver]).toEqual(['CONNECTING', false]);
  });
});

describe('a call that another device answered', () => {
  const tellElsewhere = (callId: string) => calls.hear['call:cancelled']({ callId, reason: 'answered_elsewhere', timestamp: 0 });

  it.each(['CONNECTING', 'ACTIVE'] as const)('is over here when that is told after it was taken up %s', (status) => {
    const call = takeUp({ ...RINGING, status });
    tellElsewhere('C');
    expect([call.state, calls.live]).toEqual(['ANSWERED_ELSEWHERE', []]);
  });

  it('lives on when only a look-up finds it answered: that may have been here', () => {
    const call = takeUp({ ...RINGING, status: 'CONNECTING' });
    call.learn({ ...RINGING, status: 'ACTIVE' });
    expect(call.isOver).toBe(false);
  });

  it('is known to be, of so many at least, when that was told before anybody took it up', () => {
    const ids = Array.from({ length: 64 }, (_, index) => `C${index}`);
    for (const id of ids) tellElsewhere(id);
    calls.hear['call:cancelled']({ callId: 'D', reason: 'Caller cancelled', timestamp: 0 });
    expect([ids.filter((id) => calls.isElsewhere(id)), calls.isElsewhere('D')]).toEqual([ids, false]);
    tellElsewhere('one more');
    expect([calls.isElsewhere('one more'), calls.isElsewhere('C0'), calls.isElsewhere('C1')]).toEqual([true, false, true]);
  });
});

describe('a place under the id of a call that lives', () => {
  const NO_WISHES = { ringTimeoutSeconds: undefined, timeoutMs: undefined, channelId: undefined };
  const place = (peerId: string, { callType = 'AUDIO', channelId }: { callType?: 'AUDIO' | 'VIDEO'; channelId?: string } = {}) =>
    calls.place({ id: 'C', peerId, callType, channelId: channelId ?? 'C', state: 'INITIATING' }, { ...NO_WISHES, channelId });

  it('is that call, where it is the same place', () => {
    const call = place('ben', { channelId: 'room' });
    expect([place('ben', { channelId: 'room' }) === call, place('ben') === call, ask.mock.calls.length]).toEqual([true, true, 1]);
    calls.hear['call:rejected']({ callId: 'C', reason: 'busy', timestamp: 0 });
    expect([call.isOver, place('ben') === call]).toEqual([true, false]);
  });

  it.each([
    ['somebody else', 'cy', {}],
    ['another kind', 'ben', { callType: 'VIDEO' }],
    ['another channel', 'ben', { channelId: 'room' }],
  ] as const)('is a conflict with %s, which leaves the call that lives alone', async (_what, peerId, options) => {
    const call = place('ben');
    const refused = place(peerId, options);
    const told = vi.fn();
    refused.on('failed', told);
    await expect(refused.placed).rejects.toMatchObject({ code: 'conflict', callId: 'C', wasSent: false });
    expect(await refused.finished).toMatchObject({ state: 'FAILED', event: 'failed', reason: 'conflict' });
    await refused.end();
    await refused.cancel();
    expect([told.mock.calls.length, ask.mock.calls.length, withdraw.mock.calls]).toEqual([1, 1, []]);
    expect([calls.get('C') === call, calls.live]).toEqual([true, [call]]);
    calls.hear['call:rejected']({ callId: 'C', reason: 'busy', timestamp: 0 });
    expect(await call.finished).toMatchObject({ state: 'REJECTED' });
  });

  it('is a conflict with one that rings here, which stops when it is over', async () => {
    calls.hear['call:incoming'](RING);
    const ring = calls.live[0];
    const refused = place('ana');
    expect(await refused.finished).toMatchObject({ state: 'FAILED', reason: 'conflict' });
    calls.hear['call:cancelled']({ callId: 'C', reason: 'Caller cancelled', timestamp: 0 });
    expect(ring).toMatchObject({ isRinging: false, state: 'CANCELLED' });
  });
});

it('a place that became part of a call which rings here ends that ring', async () => {
  calls.hear['call:incoming'](RING);
  ask.mockResolvedValueOnce({ call: { ...RINGING, status: 'CONNECTING' } });
  const facts = { id: 'own', peerId: 'ana', callType: 'AUDIO', channelId: 'room', state: 'INITIATING' } as const;
  await calls.place(facts, { ringTimeoutSeconds: undefined, timeoutMs: undefined, channelId: undefined }).placed;
  expect(calls.live.map(({ id, state }) => [id, state])).toEqual([['own', 'CONNECTING']]);
});

it('a call that lives is held, however many are over since', () => {
  calls.hear['call:incoming'](RING);
  for (let index = 0; index < 100; index += 1) {
    const callId = `c${index}`;
    calls.hear['call:incoming']({ ...RING, callId });
    calls.hear['call:cancelled']({ callId, reason: 'Caller cancelled', timestamp: 6000 });
  }
  expect([calls.get('C')?.isOver, calls.get('c0'), calls.get('c99')?.isOver]).toEqual([false, undefined, true]);
});

it('what is told of a call that is not held may be the end of a ring here under another name: it is looked up', () => {
  calls.hear['call:incoming'](RING);
  calls.hear['call:cancelled']({ callId: 'own', reason: 'Caller cancelled', timestamp: 6000 });
  expect(lookUp.mock.calls).toEqual([['C']]);
});
