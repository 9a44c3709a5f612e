import { UserId } from '@trunkline/contract';
import { expect, it } from 'vitest';
import { ConnectLimit } from './connect-limit.ts';

const ANN = UserId.parse('ann');
const BEN = UserId.parse('ben');
const MINUTE = 60_000;

/** How many of so many are let in. */
const taken = (limit: ConnectLimit, userId: UserId, times: number, now: number): number =>
  Array.from({ length: times }, () => limit.take(userId, now)).filter(Boolean).length;

it('a third of the connects of a minute may come at once, for each user', () => {
  const limit = new ConnectLimit(60);
  expect(taken(limit, ANN, 25, MINUTE)).toBe(20);
  expect(taken(limit, BEN, 25, MINUTE)).toBe(20);
});

it('in no minute are there more, however they come', () => {
  const limit = new ConnectLimit(60);
  let together = 0;
  for (let at = 0; at < MINUTE; at += 100) together += taken(limit, ANN, 5, at);
  expect(together).toBe(59);
});

it('who stayed away may come as often again', () => {
  const limit = new ConnectLimit(60);
  taken(limit, ANN, 25, 0);
  expect(taken(limit, ANN, 25, MINUTE / 4)).toBe(10);
  expect(taken(limit, ANN, 25, 2 * MINUTE)).toBe(20);
});

it('one may always come', () => {
  expect(taken(new ConnectLimit(1), ANN, 5, MINUTE)).toBe(1);
});

it('who is closed for abuse three times stays out, and comes in again later', () => {
  const limit = new ConnectLimit(60);
  for (let abuse = 0; abuse < 3; abuse += 1) {
    expect(limit.take(ANN, MINUTE)).toBe(true);
    limit.charge(ANN, MINUTE);
  }
  expect(limit.take(ANN, MINUTE)).toBe(false);
  expect(limit.take(BEN, MINUTE)).toBe(true);
  expect(limit.take(ANN, MINUTE + 1500)).toBe(true);
});

it('there is no limit at 0, and no consequence of abuse', () => {
  const limit = new ConnectLimit(0);
  limit.charge(ANN, MINUTE);
  expect(taken(limit, ANN, 1000, MINUTE)).toBe(1000);
});

it.each([1, 2, 3, 60])('who used up a limit of %i may come again', (perMinute) => {
  const limit = new ConnectLimit(perMinute);
  taken(limit, ANN, perMinute, 0);
  expect(limit.take(ANN, 2 * MINUTE)).toBe(true);
});
