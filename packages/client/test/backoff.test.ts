import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fullJitter, waitWindow } from '../src/backoff.ts';

const TIMING = { busyMs: 1000, maxMs: 10_000 };

it('who is busy waits twice as long each time, up to the most', () => {
  expect([0, 1, 2, 3, 4, 5, 2000].map((attempt) => waitWindow(TIMING, attempt, true))).toEqual([
    1000, 2000, 4000, 8000, 10_000, 10_000, 10_000,
  ]);
});

it('who is idle may wait for the most from the first time on', () => {
  expect([0, 1, 9].map((attempt) => waitWindow(TIMING, attempt, false))).toEqual([10_000, 10_000, 10_000]);
});

it('full jitter spreads over the whole window, and never beyond', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.integer({ min: 1, max: 60_000 }), (chance, window) => {
      const wait = fullJitter(window, () => chance);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThan(window);
    }),
  );
  expect([0, 0.5, 0.999].map((chance) => fullJitter(10_000, () => chance))).toEqual([0, 5000, 9990]);
});
