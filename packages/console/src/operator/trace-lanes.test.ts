import { expect, it } from 'vitest';
import type { CallTrace, TraceStep } from './answers.ts';
import { drawTrace } from './trace-lanes.ts';

const step = (kind: string, sinceMs: number, who: Partial<TraceStep> = {}): TraceStep => ({
  kind,
  at: '2026-11-21T12:00:00.000Z',
  sinceMs,
  side: 'system',
  deviceId: null,
  sessionId: null,
  detail: null,
  ...who,
});

const traceOf = (steps: readonly TraceStep[]): CallTrace => ({
  callId: 'c',
  callerId: 'ana',
  calleeId: 'ben',
  state: 'ENDED',
  reason: null,
  placedAt: '2026-11-21T12:00:00.000Z',
  endedAt: null,
  verdict: 'answered',
  says: '',
  steps,
});

const caller = { side: 'caller', deviceId: 'tablet', sessionId: 's0' } as const;
const phone = { side: 'callee', deviceId: 'phone', sessionId: 's1' } as const;
const browser = { side: 'callee', sessionId: 's2-of-the-browser' } as const;

it('gives the caller, the system and each device of the callee a lane, and each step its own', () => {
  const { lanes, drawn } = drawTrace(
    traceOf([
      step('ring_sent', 5, phone),
      step('call_placed', 0, caller),
      step('ring_sent', 6, browser),
      step('call_ringing', 7),
      // The same device, on another connection.
      step('stop_sent', 9, { ...phone, sessionId: 's3' }),
    ]),
  );
  expect(lanes.map(({ side, userId, device }) => [side, userId, device])).toEqual([
    ['caller', 'ana', 'tablet'],
    ['system', null, null],
    ['callee', 'ben', 'phone'],
    ['callee', 'ben', 's2-of-th'],
  ]);
  expect(drawn.map(({ lane }) => lane)).toEqual([2, 0, 3, 1, 2]);
});

it('marks where nothing happened for long', () => {
  const { drawn } = drawTrace(traceOf([step('call_placed', 0, caller), step('ring_sent', 40, phone), step('call_missed', 60_040)]));
  expect(drawn.map(({ pauseMs }) => pauseMs)).toEqual([null, null, 60_000]);
});
