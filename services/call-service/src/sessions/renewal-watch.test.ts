import { expect, it } from 'vitest';
import { createRenewalWatch } from './renewal-watch.ts';

/** The seconds at which a lapsed lease of 15 seconds is a witness, of those at which that was asked. */
const witnesses = (...seconds: number[]): number[] => {
  const watch = createRenewalWatch(15_000);
  return seconds.filter((second) => watch.couldRenew(second * 1000));
};

const each = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

it('a process that begins waits for one lease', () => {
  expect(witnesses(...each(100, 120))).toEqual(each(115, 120));
});

it('so does one that could not write for a third of a lease', () => {
  expect(witnesses(...each(0, 16), ...each(21, 40))).toEqual([15, 16, ...each(36, 40)]);
});

it('a sweep that is late is no outage', () => {
  expect(witnesses(...each(0, 10), 14.5, 16)).toEqual([16]);
});

it('nor does it go on where the clock was set: neither back nor forth', () => {
  expect(witnesses(...each(3600, 3620), ...each(0, 20))).toEqual([...each(3615, 3620), ...each(15, 20)]);
  expect(witnesses(...each(0, 20), ...each(3600, 3620))).toEqual([...each(15, 20), ...each(3615, 3620)]);
});
