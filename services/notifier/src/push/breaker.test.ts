import { expect, it } from 'vitest';
import { createBreaker } from './breaker.ts';

const start = () => {
  const clock = { now: 0 };
  return { clock, breaker: createBreaker({ failures: 3, openMs: 10_000, now: () => clock.now }) };
};

type Started = ReturnType<typeof start>;

const fail = ({ breaker }: Started, times: number, retryAfterMs: number | null = null): void => {
  for (let count = 0; count < times; count += 1) breaker.record('down', retryAfterMs);
};

it('stays closed while outages are fewer than it takes, or not in a row', () => {
  const started = start();
  fail(started, 2);
  started.breaker.record('up', null);
  fail(started, 2);
  expect(started.breaker.admit()).toBe(0);
});

it('opens for its time and tells what is left of it', () => {
  const started = start();
  fail(started, 3);
  expect(started.breaker.admit()).toBe(10_000);
  started.clock.now = 9_999;
  expect(started.breaker.admit()).toBe(1);
});

it('says once that it opened', () => {
  const { breaker } = start();
  expect([1, 2, 3, 4].map(() => breaker.record('down', null))).toEqual([null, null, 'opened', null]);
});

it('stays open as long as the provider asked for, but a minute at most', () => {
  const [patient, endless] = [start(), start()];
  fail(patient, 3, 30_000);
  fail(endless, 3, 86_400_000);
  expect([patient.breaker.admit(), endless.breaker.admit()]).toEqual([30_000, 60_000]);
});

it('lets one probe through when its time is over, and closes when that one succeeds', () => {
  const started = start();
  fail(started, 3);
  started.clock.now = 10_000;
  expect(started.breaker.admit()).toBe(0);
  expect(started.breaker.admit()).toBe(1000);
  expect(started.breaker.isOpen()).toBe(true);
  expect(started.breaker.record('up', null)).toBe('closed');
  expect(started.breaker.isOpen()).toBe(false);
  expect([started.breaker.admit(), started.breaker.admit()]).toEqual([0, 0]);
});

it('opens again at once when the probe fails', () => {
  const started = start();
  fail(started, 3);
  started.clock.now = 10_000;
  expect(started.breaker.admit()).toBe(0);
  started.breaker.record('down', null);
  expect(started.breaker.admit()).toBe(10_000);
});

it('counts the outages before and after an attempt that showed nothing as outages in a row', () => {
  const started = start();
  fail(started, 2);
  expect(started.breaker.record('unknown', null)).toBe(null);
  expect(started.breaker.record('down', null)).toBe('opened');
});

it('is not opened by attempts that showed nothing', () => {
  const { breaker } = start();
  for (let count = 0; count < 10; count += 1) breaker.record('unknown', null);
  expect(breaker.isOpen()).toBe(false);
});

it('stays open for its time, whatever began before and showed nothing', () => {
  const started = start();
  fail(started, 3);
  expect(started.breaker.record('unknown', null)).toBe(null);
  expect(started.breaker.admit()).toBe(10_000);
});

it('lets the next one find out when a probe showed nothing', () => {
  const started = start();
  fail(started, 3);
  started.clock.now = 10_000;
  expect(started.breaker.admit()).toBe(0);
  expect(started.breaker.record('unknown', null)).toBe(null);
  expect(started.breaker.isOpen()).toBe(true);
  expect([started.breaker.admit(), started.breaker.admit()]).toEqual([0, 1000]);
  expect(started.breaker.record('down', null)).toBe(null);
  expect(started.breaker.admit()).toBe(10_000);
});
