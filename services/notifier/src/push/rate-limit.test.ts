import { expect, it } from 'vitest';
import { createRateLimit } from './rate-limit.ts';

it('lets a second’s worth go at once and spreads the rest', () => {
  const clock = { now: 5000 };
  const limit = createRateLimit(4, () => clock.now);
  const waits = Array.from({ length: 7 }, () => limit.reserve(10_000));
  expect(waits).toEqual([0, 0, 0, 0, 250, 500, 750]);
  clock.now = 6000;
  expect(limit.reserve(10_000)).toBe(0);
  expect(limit.reserve(10_000)).toBe(250);
});

it('takes no place for who has not the patience to wait', () => {
  const limit = createRateLimit(1, () => 0);
  expect([limit.reserve(0), limit.reserve(500), limit.reserve(1000)]).toEqual([0, null, 1000]);
});

it('0 does not limit', () => {
  const limit = createRateLimit(0, () => 0);
  expect(Array.from({ length: 1000 }, () => limit.reserve(0))).not.toContain(null);
});
