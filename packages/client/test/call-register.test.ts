import type { CallView } from '@trunkline/contract';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
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
const services: CallServices = {
  ask: () => new Promise(() => undefined),
  withdraw: () => false,
  publish: () => undefined,
  lookUp,
  media: () => Promise.reject(new Error('nobody asks')),
  merged: () => undefined,
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
