import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoTime } from './json-frames.ts';

const LAST = 8.64e15;

test.each([
  [1_700_000_000_000, '2023-11-14T22:13:20.000Z'],
  [1_700_000_000_007, '2023-11-14T22:13:20.007Z'],
  [1_700_000_000_999.9, '2023-11-14T22:13:20.999Z'],
  [1_700_000_001_000, '2023-11-14T22:13:21.000Z'],
  [-1, '1969-12-31T23:59:59.999Z'],
  [-0.5, '1970-01-01T00:00:00.000Z'],
  [Number.POSITIVE_INFINITY, '+275760-09-13T00:00:00.000Z'],
  [Number.NEGATIVE_INFINITY, '-271821-04-20T00:00:00.000Z'],
])('%d milliseconds are %s', (at, text) => {
  expect(isoTime(at)).toBe(text);
});

test('every time is as Date says it, whatever was asked before', () => {
  const someTime = fc.oneof(
    fc.double({ min: -LAST, max: LAST, noNaN: true }),
    fc.integer({ min: 1_700_000_000_000, max: 1_700_000_002_000 }),
  );
  fc.assert(fc.property(someTime, (at) => isoTime(at) === new Date(at).toISOString()));
});
