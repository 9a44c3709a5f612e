import { UserId } from '@trunkline/contract';
import { expect, it } from 'vitest';
import { ConnectLimit } from './connect-limit.ts';

const ANN = UserId.parse('ann');
const BEN = UserId.parse('ben');
const MINUTE = 60_000;

const taken = (limit: ConnectLimit, userId: UserId, times: number, now: number): boolean[] =>
  Array.from({ length: times }, () => limit.take(userId, now));

it('a user may connect so often a minute, and another one again so often', () => {
  const limit = new ConnectLimit(2);
  expect(taken(limit, ANN, 3, MINUTE)).toEqual([true, true, false]);
  expect(taken(limit, BEN, 3, MINUTE + 1)).toEqual([true, true, false]);
  expect(taken(limit, ANN, 3, 2 * MINUTE - 1)).toEqual([false, false, false]);
});

it('a new minute forgets the last one', () => {
  const limit = new ConnectLimit(1);
  expect(taken(limit, ANN, 2, MINUTE)).toEqual([true, false]);
  expect(taken(limit, ANN, 2, 2 * MINUTE)).toEqual([true, false]);
});

it('there is no limit at 0', () => {
  expect(taken(new ConnectLimit(0), ANN, 1000, MINUTE)).not.toContain(false);
});
