import fc from 'fast-check';
import { expect, it } from 'vitest';
import { claimsOf, lifeLeft } from '../src/token-claims.ts';

const tokenOf = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

it('the claims of a token are read, whatever characters are in them', () => {
  const claims = { sub: '用户 ÿ>?~', exp: 2, iat: 1 };
  expect(claimsOf(tokenOf(claims))).toEqual(claims);
});

it('what is no token has no claims', () => {
  for (const text of ['', 'a', 'a.b.c', 'a.e30', tokenOf([]).replace('.', ''), 'e30.bnVsbA.x', 'e30.MQ.x'])
    expect(claimsOf(text)).toEqual({});
  fc.assert(fc.property(fc.string(), (text) => void claimsOf(text)));
});

it('how long a token lives goes by a clock that is right', () => {
  expect(lifeLeft({ exp: 100, iat: 40 }, 50_000)).toBe(50_000);
  expect(lifeLeft({ exp: 100 }, 50_000)).toBe(50_000);
});

it('a clock that is behind does not make it live longer than it was made for', () => {
  expect(lifeLeft({ exp: 100, iat: 40 }, 0)).toBe(60_000);
});

it('a clock that is ahead does not make it over before it began', () => {
  expect(lifeLeft({ exp: 100, iat: 40 }, 9_000_000)).toBe(60_000);
  expect(lifeLeft({ exp: 100 }, 9_000_000)).toBeNull();
});

it('a token that never ends is not renewed', () => {
  expect(lifeLeft({ iat: 40 }, 50_000)).toBeNull();
});
