import { expect, it } from 'vitest';
import { SignalLimit } from './signal-limit.ts';

const passing = (limit: SignalLimit, count: number, now: number): number =>
  Array.from({ length: count }, () => limit.passes(now)).filter(Boolean).length;

it('lets a hundred signals pass at once, then twenty a second', () => {
  const limit = new SignalLimit();
  expect([passing(limit, 150, 1000), passing(limit, 150, 2000), passing(limit, 150, 2500)]).toEqual([100, 20, 10]);
});

it('does not save up more than a hundred', () => {
  const limit = new SignalLimit();
  expect([passing(limit, 150, 0), passing(limit, 150, 3_600_000)]).toEqual([100, 100]);
});
