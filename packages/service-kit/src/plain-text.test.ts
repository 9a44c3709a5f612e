import { expect, it } from 'vitest';
import { plainText } from './plain-text.ts';

it.each([
  ['Alice', 5, 'Alice'],
  ['Alice B', 5, 'Alic…'],
  ['Ann Other', 5, 'Ann…'],
  ['  Alice\n\tB\u0000 ', 10, 'Alice B'],
  ['abc\u202Egpj.exe', 20, 'abc gpj.exe'],
  ['田中さん', 4, '田中さん'],
  ['田中さんです', 4, '田中さ…'],
  ['👨‍👩‍👧‍👦', 5, '👨‍👩‍👧‍👦'],
  ['👍🏽👍🏽👍🏽👍🏽', 3, '👍🏽👍🏽…'],
  ['', 5, ''],
])('%j in %i characters is %j', (text, characters, line) => {
  expect(plainText(text, characters)).toBe(line);
});

it('marks heaped on one character do not make it long', () => {
  expect(plainText(`a${'\u0301'.repeat(5000)}`, 10).length).toBeLessThanOrEqual(41);
});
