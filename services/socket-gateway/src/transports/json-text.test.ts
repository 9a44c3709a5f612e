import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseBounded } from './json-text.ts';

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

it('JSON of 32 levels is read, and of 33 is not', () => {
  expect(parseBounded(nested(32))).toBeInstanceOf(Array);
  expect(parseBounded(nested(33))).toBeUndefined();
  expect(parseBounded(nested(30_000))).toBeUndefined();
});

it.each(['', '{', 'nonsense', '{"a":1}}', '\u0000', '[1,]'])('%j is not JSON', (text) => {
  expect(parseBounded(text)).toBeUndefined();
});

it('no text makes it throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
      parseBounded(text);
    }),
  );
});
