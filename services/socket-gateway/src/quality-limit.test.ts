import { CallId } from '@trunkline/contract';
import { expect, it } from 'vitest';
import { QualityLimit } from './quality-limit.ts';

const [FIRST, SECOND] = [CallId.parse('CALL_1'), CallId.parse('CALL_2')];

it('one report passes every five seconds', () => {
  const limit = new QualityLimit();
  expect([0, 4999, 5000, 9999, 10_000].map((now) => limit.passes(FIRST, now))).toEqual([true, false, true, false, true]);
});

it('a report that was refused does not count', () => {
  const limit = new QualityLimit();
  limit.passes(FIRST, 0);
  limit.forget(FIRST);
  expect(limit.passes(FIRST, 1)).toBe(true);
});

it('calls do not get in the way of each other', () => {
  const limit = new QualityLimit();
  expect([limit.passes(FIRST, 0), limit.passes(SECOND, 1), limit.passes(FIRST, 2), limit.passes(SECOND, 3)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

it('a client that names ever new calls is remembered no longer than sixteen of them', () => {
  const limit = new QualityLimit();
  limit.passes(FIRST, 0);
  for (let index = 0; index < 15; index += 1) limit.passes(CallId.parse(`other-${index}`), 1);
  expect(limit.passes(FIRST, 2)).toBe(false);
  limit.passes(SECOND, 3);
  expect(limit.passes(FIRST, 4)).toBe(true);
});
