import { expect, it } from 'vitest';
import { tokenIn } from './authenticate.ts';

it.each([
  [{ token: 'abc' }, undefined, 'abc'],
  [{ token: 'abc' }, 'Bearer xyz', 'abc'],
  [{}, 'Bearer xyz', 'xyz'],
  [undefined, 'bearer xyz', 'xyz'],
  [{ token: '' }, 'Bearer xyz', 'xyz'],
  [{ token: 5 }, undefined, null],
  ['abc', 'Basic xyz', null],
  [null, undefined, null],
])('the token in %j and %j is %j', (auth, authorization, token) => {
  expect(tokenIn(auth, authorization)).toBe(token);
});
