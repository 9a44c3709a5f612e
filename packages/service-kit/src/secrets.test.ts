import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isSameSecret } from './secrets.ts';

it.each(['', 'a', 'a secret', 'é🎉', '\0', 'a'.repeat(100_000)])('%j is the same as itself', (secret) => {
  expect(isSameSecret(secret, `${secret}`)).toBe(true);
});

it.each([
  ['', 'a'],
  ['secret', 'secret '],
  ['secret', 'secre'],
  ['secret', 'secreT'],
  ['secret', 'secret\0'],
  ['é', 'e\u0301'],
  ['a'.repeat(100_000), 'a'],
])('%j is not %j, and lengths that differ are no error', (one, other) => {
  expect(isSameSecret(one, other)).toBe(false);
  expect(isSameSecret(other, one)).toBe(false);
});

it('what is compared are digests, which are of one length, by the one function that looks at every byte', () => {
  const source = readFileSync(new URL('./secrets.ts', import.meta.url), 'utf8');
  expect(source).toContain('timingSafeEqual(digest(a), digest(b))');
  expect(source).not.toMatch(/===|!==|\.length|startsWith|\.equals/);
});
