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

it.each([
  ['Alice', 5, 'Alice'],
  ['Alice B', 6, 'Ali…'],
  ['田中さん', 12, '田中さん'],
  ['田中さん', 11, '田中…'],
  ['👍🏽👍🏽👍🏽', 20, '👍🏽👍🏽…'],
])('%j in %i bytes is %j', (text, bytes, line) => {
  expect(plainText(text, 100, bytes)).toBe(line);
});

it('marks heaped on one character do not make it long', () => {
  expect(plainText(`a${'\u0301'.repeat(5000)}`, 10).length).toBeLessThanOrEqual(41);
});
