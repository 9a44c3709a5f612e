import { CallId, type Delivery, SessionId } from '@trunkline/contract';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BEN } from '../test/call-event.ts';
import { StopReports } from './stop-reports.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const stopOf = (callId: string): Delivery => ({
  kind: 'stop',
  callId: CallId.parse(callId),
  userId: BEN,
  deviceId: null,
  sessionId: SessionId.parse('ben-s1'),
});

/** A session and the probes that its client has not answered. */
const aSession = () => {
  const [reported, probes] = [[] as string[], [] as (() => void)[]];
  const deliveries = { add: ({ callId }: Delivery) => reported.push(callId) };
  const stops = new StopReports(deliveries, { probe: (onSign) => void probes.push(onSign) });
  return { stops, reported, probes, write: (callId: string) => stops.written(stopOf(callId)), showSign: () => probes.shift()?.() };
};

it('a stop after a quiet time is probed at once', () => {
  const { reported, probes, write, showSign } = aSession();
  write('a');
  expect(probes).toHaveLength(1);
  showSign();
  vi.advanceTimersByTime(1000);
  write('b');
  expect(probes).toHaveLength(1);
  showSign();
  expect(reported).toEqual(['a', 'b']);
});

it('the stops of one second share the next probe', () => {
  const { reported, probes, write, showSign } = aSession();
  write('a');
  showSign();
  for (const id of ['b', 'c']) write(id);
  vi.advanceTimersByTime(999);
  expect(probes).toHaveLength(0);
  vi.advanceTimersByTime(1);
  expect(probes).toHaveLength(1);
  expect(reported).toEqual(['a']);
  showSign();
  expect(reported).toEqual(['a', 'b', 'c']);
});

it('who answers late is asked about the rest with the answer', () => {
  const { reported, probes, write, showSign } = aSession();
  for (const id of ['a', 'b']) write(id);
  vi.advanceTimersByTime(5000);
  expect(probes).toHaveLength(1);
  showSign();
  expect(probes).toHaveLength(1);
  showSign();
  expect(reported).toEqual(['a', 'b']);
});

it('who has answered all is not asked again', () => {
  const { probes, write, showSign } = aSession();
  write('a');
  showSign();
  vi.advanceTimersByTime(5000);
  expect([probes.length, vi.getTimerCount()]).toEqual([0, 0]);
});

it('nothing is left of a session that is over', () => {
  const { stops, probes, write, showSign } = aSession();
  for (const id of ['a', 'b']) write(id);
  stops.end();
  expect(vi.getTimerCount()).toBe(0);
  showSign();
  expect(probes).toEqual([]);
});
