import { createLogger } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { createAuthenticate, tokenIn, tokenInUpgrade } from './authenticate.ts';

it('a token of which nothing can be known now is not taken for a bad one', async () => {
  const lines: string[] = [];
  const log = createLogger('socket-gateway', 'warn', { write: (line) => void lines.push(line) });
  const authenticate = createAuthenticate(() => Promise.reject(new Error('no keys')), log);
  expect([await authenticate('a token'), await authenticate(null), lines.length]).toEqual(['unavailable', 'unauthenticated', 1]);
});

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

it.each([
  ['/ws/chat?token=abc', {}, 'abc'],
  ['/ws/chat?x=1&token=a.b-c_d', { authorization: 'Bearer xyz' }, 'a.b-c_d'],
  ['/ws/chat?token=', { authorization: 'Bearer xyz' }, 'xyz'],
  ['/ws/chat', { 'sec-websocket-protocol': 'bearer, a.b.c' }, 'a.b.c'],
  ['/ws/chat', { 'sec-websocket-protocol': 'bearer,a.b.c' }, 'a.b.c'],
  ['/ws/chat', { 'sec-websocket-protocol': 'bearer' }, null],
  ['/ws/chat', { 'sec-websocket-protocol': 'chat, a.b.c' }, null],
  ['/ws/chat?', {}, null],
  ['', {}, null],
])('the token of an upgrade to %j with %j is %j', (url, headers, token) => {
  expect(tokenInUpgrade(url, headers)).toBe(token);
});
