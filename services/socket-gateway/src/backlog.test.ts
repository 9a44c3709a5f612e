import { expect, it } from 'vitest';
import { Backlog } from './backlog.ts';

it('gives back what was added, in order, and has room again', () => {
  const backlog = new Backlog<string>(2);
  expect(['a', 'b', 'c'].map((item) => backlog.add(item, 1))).toEqual([true, true, false]);
  expect([backlog.next(), backlog.add('d', 1), backlog.next(), backlog.next(), backlog.next()]).toEqual(['a', true, 'b', 'd', undefined]);
  expect(backlog.isEmpty).toBe(true);
});

it('takes only so much text, of one alone any', () => {
  const backlog = new Backlog<string>(100);
  expect(backlog.add('a book', 1_000_000)).toBe(true);
  expect(backlog.add('a word', 1)).toBe(false);
  expect(backlog.next()).toBe('a book');
  expect([backlog.add('half', 65_536), backlog.add('the other half', 65_536), backlog.add('a word', 1)]).toEqual([true, true, false]);
});

it('that was cleared has room for all again', () => {
  const backlog = new Backlog<string>(1);
  backlog.add('a', 131_072);
  expect([backlog.clear(), backlog.clear(), backlog.add('b', 131_072)]).toEqual([['a'], [], true]);
});
