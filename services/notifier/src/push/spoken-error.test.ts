import { isStorable } from '@trunkline/contract';
import { expect, it } from 'vitest';
import { spokenError } from './spoken-error.ts';

it('an error is told without the secrets that it quotes', () => {
  expect(spokenError(new Error('a-token is not\na token of ours'), ['a-token', ''])).toBe('… is not a token of ours');
});

it('what is no error is told too', () => {
  expect(spokenError('words', [])).toBe('words');
});

it.each([
  ['cut in the middle of a character', `${'x'.repeat(199)}😀`],
  ['with a NUL', 'one\0two'],
  ['with half a character', 'one\uD83Dtwo'],
])('words %s can be stored', (_how, words) => {
  const spoken = spokenError(new Error(words), []);
  expect(spoken).toSatisfy(isStorable);
  expect(spoken.length).toBeLessThanOrEqual(200);
});
