import { expect, it } from 'vitest';
import { slopeOf } from './soak.ts';

it('a slope is how much a straight line rises in one step, whatever is scattered around it', () => {
  expect(slopeOf([0, 1, 2, 3].map((x) => [x, 5 + 2 * x]))).toBeCloseTo(2);
  expect(slopeOf([0, 1, 2, 3].map((x) => [x, 7]))).toBe(0);
  expect(
    slopeOf([
      [0, 1],
      [1, 3],
      [2, 1],
      [3, 3],
    ]),
  ).toBeCloseTo(0.4);
  expect(slopeOf([[4, 9]])).toBe(0);
});
