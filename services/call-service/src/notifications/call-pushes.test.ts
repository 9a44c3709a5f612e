import { type Call, type CallEvent, CallId, DeviceId, UserId } from '@trunkline/contract';
import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../calls/call-record.ts';
import { callPushes, lateRingOrders, type PushPolicy } from './call-pushes.ts';

const NOW = 1_700_000_000_000;
const RING_MS = 60_000;
const ALWAYS: PushPolicy = { ring: 'always', escalateMs: 3000 };
const REACHED = new Map([['bob', { mayRing: true }]]);
const [ANN, BOB] = [UserId.parse('ann'), UserId.parse('bob')];

const CALL: Call = {
  id: CallId.parse('call'),
  callerId: ANN,
  callerName: 'Ann',
  callerAvatar: null,
  calleeId: BOB,
  calleeAlias: null,
  callType: 'VIDEO',
  channelId: 'channel',
  state: 'INITIATING',
  seq: 1,
  reason: null,
  reasonText: null,
  endedBy: null,
  answeredByDevice: null,
  answeredBySession: null,
  createdAt: NOW,
  updatedAt: NOW,
  ringDeadlineAt: NOW + RING_MS,
  acceptedAt: null,
  endedAt: null,
};

const event = (type: CallEvent['type'], by: { userId?: UserId; deviceId?: string } = {}, call: Partial<Call> = {}): CallEvent => ({
  id: `call.${type}`,
  type,
  at: NOW,
  ringMsLeft: type === 'call_placed' ? RING_MS : 0,
  actor: { userId: by.userId ?? null, deviceId: by.deviceId === undefined ? null : DeviceId.parse(by.deviceId), sessionId: null },
  recipients: [ANN, BOB],
  call: { ...CALL, ...call },
});

const typesOf = (events: readonly CallEvent[], reach = REACHED) => callPushes(events, reach, ALWAYS).map(({ content }) => content.type);

describe('a ring', () => {
  it('is pushed at once, and again at half of its time to devices that did not acknowledge', () => {
    const [order] = callPushes([event('call_placed')], REACHED, ALWAYS);
    expect(order).toMatchObject({
      userId: 'bob',
      content: { type: 'incoming_call', callId: 'call', callerId: 'ann', callerName: 'Ann', callType: 'VIDEO', channelId: 'channel' },
      collapseKey: 'call',
      expiresAt: NOW + RING_MS,
      sendings: [
        { at: null, unless: null },
        { at: NOW + RING_MS / 2, unless: 'device_acknowledged' },
      ],
    });
  });

  it('waits for an acknowledgement first where the settings say so', () => {
    const sendings = (escalateMs: number) =>
      callPushes([event('call_placed')], REACHED, { ring: 'when_unacknowledged', escalateMs })[0]?.sendings;
    expect(sendings(3000)).toEqual([
      { at: NOW + 3000, unless: 'acknowledged' },
      { at: NOW + RING_MS / 2, unless: 'device_acknowledged' },
    ]);
    expect(sendings(40_000)).toEqual([{ at: NOW + 40_000, unless: 'acknowledged' }]);
  });

  it('is not pushed to who has no target, wants no calls, or has blocked the caller', () => {
    expect(typesOf([event('call_placed')], new Map())).toEqual([]);
    expect(typesOf([event('call_placed')], new Map([['bob', { mayRing: false }]]))).toEqual([]);
    expect(typesOf([{ ...event('call_placed'), recipients: [ANN] }])).toEqual([]);
  });

  it('that ended in the same batch is not pushed any more, its stop is', () => {
    expect(typesOf([event('call_placed'), event('call_cancelled')])).toEqual(['call_cancelled', 'missed_call']);
  });

  it('that is busy at once is no ring', () => {
    expect(typesOf([{ ...event('call_rejected', {}, { reason: 'busy' }), recipients: [ANN] }])).toEqual([]);
  });
});

describe('a stop', () => {
  const stopFor = (...given: Parameters<typeof event>) => callPushes([event(...given)], REACHED, ALWAYS)[0];

  it.each([
    ['call_cancelled', { userId: ANN }, { reason: 'cancelled' }, 'cancelled'],
    ['call_cancelled', {}, { reason: 'caller_lost' }, 'caller_lost'],
    ['call_missed', {}, { reason: 'no_response' }, 'no_response'],
    ['call_rejected', {}, { reason: 'offline' }, 'offline'],
    ['call_rejected', { userId: BOB }, { reason: 'declined' }, 'declined_elsewhere'],
    ['call_accepted', { userId: BOB }, {}, 'answered_elsewhere'],
  ] as const)('follows %s by %j', (type, by, call, reason) => {
    expect(stopFor(type, by, call)).toMatchObject({
      userId: 'bob',
      content: { type: 'call_cancelled', callId: 'call', callerId: 'ann', reason },
      collapseKey: 'call',
    });
  });

  it('replaces its ring, and outlives it', () => {
    expect(stopFor('call_missed')?.expiresAt).toBeGreaterThan(NOW + RING_MS);
  });

  it('is not for the device that accepted, nor, where that has no name, for an only target', () => {
    expect(stopFor('call_accepted', { userId: BOB, deviceId: 'phone' })?.except).toEqual({ deviceId: 'phone', onlyTarget: true });
    expect(stopFor('call_accepted', { userId: BOB })?.except).toEqual({ deviceId: null, onlyTarget: true });
  });

  it('is not for the device that declined, where that is known', () => {
    expect(stopFor('call_rejected', { userId: BOB, deviceId: 'phone' })?.except).toEqual({ deviceId: 'phone', onlyTarget: false });
  });

  it('is for everybody when the caller or the system stopped the ring', () => {
    expect(stopFor('call_cancelled', { userId: ANN, deviceId: 'phone' })?.except).toBeUndefined();
    expect(stopFor('call_missed')?.except).toBeUndefined();
  });

  it('reaches who wants no calls only where a ring went out', () => {
    const [order] = callPushes([event('call_cancelled')], new Map([['bob', { mayRing: false }]]), ALWAYS);
    expect(order?.onlyIfRung).toBe(true);
  });

  it('of a call that was accepted before is none', () => {
    expect(typesOf([event('call_connected'), event('call_ended'), event('call_failed'), event('call_ringing')])).toEqual([]);
  });
});

it.each(['call_missed', 'call_cancelled'] as const)(
  'a missed call is told of after %s, under a key that does not replace its stop',
  (type) => {
    const [stop, missed] = callPushes([event(type)], REACHED, ALWAYS);
    expect([stop?.content.type, missed?.content.type]).toEqual(['call_cancelled', 'missed_call']);
    expect(missed?.collapseKey).not.toBe(stop?.collapseKey);
    expect(missed?.sendings).toEqual([{ at: NOW + 1000, unless: null }]);
  },
);

it.each(['call_accepted', 'call_rejected'] as const)('a call is not missed after %s', (type) => {
  expect(typesOf([event(type)])).toEqual(['call_cancelled']);
});

describe('a ring of a target that is registered while it rings', () => {
  const late = (afterMs: number, policy: PushPolicy, call: Partial<Call> = {}) =>
    lateRingOrders([{ call: { ...CALL, ...call } as CallRecord, targetId: 'target', at: NOW + afterMs }], policy);

  it('says what the others said, until the same moment, and again at half of the time that is left', () => {
    const [ring] = callPushes([event('call_placed')], REACHED, ALWAYS);
    expect(late(20_000, ALWAYS)).toEqual([
      {
        ...ring,
        targetId: 'target',
        sendings: [
          { at: null, unless: null },
          { at: NOW + 40_000, unless: 'device_acknowledged' },
        ],
      },
    ]);
  });

  it('waits for an acknowledgement where the settings say so, no longer than the others did', () => {
    const sendings = (afterMs: number) => late(afterMs, { ring: 'when_unacknowledged', escalateMs: 3000 })[0]?.sendings;
    expect(sendings(1000)).toEqual([
      { at: NOW + 3000, unless: 'acknowledged' },
      { at: NOW + 30_500, unless: 'device_acknowledged' },
    ]);
    expect(sendings(20_000)?.[0]).toEqual({ at: NOW + 20_000, unless: 'acknowledged' });
  });

  it('is none any more when the call was answered or ended in the same batch', () => {
    expect(late(0, ALWAYS, { state: 'CONNECTING' })).toEqual([]);
    expect(late(0, ALWAYS, { state: 'CANCELLED', endedAt: NOW })).toEqual([]);
  });
});
