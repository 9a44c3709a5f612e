import { expect, it } from 'vitest';
import { delayAfter } from './back-off.ts';

it('waits a second, then three times as long each time, and gives up after the twelfth, a day after the first', () => {
  const delays = Array.from({ length: 11 }, (_, index) => delayAfter(index + 1) as number);
  expect(delays.slice(0, 4)).toEqual([1000, 3000, 9000, 27_000]);
  expect(delays.reduce((sum, delay) => sum + delay, 0) / 3_600_000).toBeCloseTo(24.6, 1);
  expect(delayAfter(12)).toBeNull();
});
