import { expect, it } from 'vitest';
import { type StoredTraceRow, type TracedCall, traceOf } from './call-trace.ts';

const PLACED_AT = Date.UTC(2026, 10, 21, 12);

const call: TracedCall = {
  id: 'call-1',
  callerId: 'ana',
  calleeId: 'ben',
  state: 'MISSED',
  reason: 'no_response',
  endedBy: 'system',
  createdAt: PLACED_AT,
  acceptedAt: null,
  endedAt: PLACED_AT + 60_020,
};

const row = (kind: string, sinceMs: number, who: Partial<StoredTraceRow> = {}): StoredTraceRow => ({
  kind,
  at: PLACED_AT + sinceMs,
  userId: null,
  deviceId: null,
  sessionId: null,
  detail: null,
  ...who,
});

const phone = { userId: 'ben', deviceId: 'phone', sessionId: 's1' };
const browser = { userId: 'ben', sessionId: 's2' };

it('tells the call step by step and device by device, with the time since it was placed', () => {
  const trace = traceOf(call, [
    row('call_placed', 0, { userId: 'ana', deviceId: 'tablet', sessionId: 's0' }),
    row('ring_sent', 12, phone),
    row('ring_sent', 15, browser),
    row('call_missed', 60_020),
    row('ring_acknowledged', 80, phone),
    row('stop_sent', 60_030, phone),
    row('stop_sent', 60_031, { ...phone, sessionId: 's3' }),
  ]);
  expect(trace).toMatchObject({
    callId: 'call-1',
    verdict: 'shown_not_answered',
    says: 'A device showed the ring, and nobody answered.',
    reach: 'shown',
    placedAt: '2026-11-21T12:00:00.000Z',
    endedAt: '2026-11-21T12:01:00.020Z',
  });
  expect(trace.steps.map(({ kind, sinceMs, side }) => [sinceMs, side, kind])).toEqual([
    [0, 'caller', 'call_placed'],
    [12, 'callee', 'ring_sent'],
    [15, 'callee', 'ring_sent'],
    [80, 'callee', 'ring_acknowledged'],
    [60_020, 'system', 'call_missed'],
    [60_030, 'callee', 'stop_sent'],
    [60_031, 'callee', 'stop_sent'],
  ]);
  const steps = (index: number) => trace.devices[index]?.steps.map(({ kind, sinceMs }) => `${sinceMs} ${kind}`);
  expect(trace.devices).toMatchObject([
    { side: 'caller', userId: 'ana', deviceId: 'tablet', sessionIds: ['s0'] },
    { side: 'callee', userId: 'ben', deviceId: 'phone', sessionIds: ['s1', 's3'] },
    { side: 'callee', userId: 'ben', deviceId: null, sessionIds: ['s2'] },
  ]);
  expect(steps(1)).toEqual(['12 ring_sent', '80 ring_acknowledged', '60030 stop_sent', '60031 stop_sent']);
  expect(steps(2)).toEqual(['15 ring_sent']);
});

it('keeps what a provider said of a push', () => {
  const detail = { type: 'incoming_call', pushId: 'p1', providerId: 'projects/x/messages/1' };
  const trace = traceOf(call, [
    row('call_placed', 0, { userId: 'ana' }),
    row('push_accepted', 210, { userId: 'ben', deviceId: 'phone', detail }),
  ]);
  expect(trace.verdict).toBe('push_accepted_never_woke');
  expect(trace.devices[1]?.steps).toEqual([{ kind: 'push_accepted', sinceMs: 210, detail }]);
});
