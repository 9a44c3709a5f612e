import { expect, it } from 'vitest';
import { drain } from './drain.ts';

const crowd = (count: number) => {
  const closed: number[] = [];
  let left = count;
  const guests = {
    staying: () => ({ length: left }),
    sendOldestAway: (closing: number) => {
      closed.push(closing);
      left -= closing;
    },
  };
  return { guests, closed };
};

it('nobody is sent away before new ones are refused, and then all of them in equal slices', async () => {
  const { guests, closed } = crowd(100);
  const before: number[] = [];
  await drain({ guests, drainMs: 80, sliceMs: 6, stopTaking: () => before.push(guests.staying().length) });
  expect(before).toEqual([100]);
  expect(closed).toHaveLength(10);
  expect(new Set(closed)).toEqual(new Set([10]));
  expect(guests.staying().length).toBe(0);
});

it('a few are sent away one by one, and who has nobody left is done', async () => {
  const { guests, closed } = crowd(2);
  await drain({ guests, drainMs: 80, sliceMs: 6, stopTaking: () => undefined });
  expect(closed).toEqual([1, 1]);
});

it('without time nobody is sent away in slices', async () => {
  const { guests, closed } = crowd(2);
  let taking = true;
  await drain({
    guests,
    drainMs: 0,
    stopTaking: () => {
      taking = false;
    },
  });
  expect(closed).toEqual([]);
  expect(taking).toBe(false);
});
