import { expect, it } from 'vitest';
import { createSignalLimit } from './signal-limit.ts';
import type { TokenBucket } from './token-bucket.ts';

const passing = (limit: TokenBucket, count: number, now: number): number =>
  Array.from({ length: count }, () => limit.take(now)).filter(Boolean).length;

it('lets a hundred signals pass at once, then twenty a second', () => {
  const limit = createSignalLimit();
  expect([passing(limit, 150, 1000), passing(limit, 150, 2000), passing(limit, 150, 2500)]).toEqual([100, 20, 10]);
});

it('does not save up more than a hundred', () => {
  const limit = createSignalLimit();
  expect([passing(limit, 150, 0), passing(limit, 150, 3_600_000)]).toEqual([100, 100]);
});
