import { expect, test } from 'vitest';
import { endToEndHeaders } from './forwarded-headers.ts';

test('what is about one hop ends there, also what the Connection header names', () => {
  const raw = [
    'Host',
    'a',
    'Connection',
    'keep-alive, X-Hop',
    'X-Hop',
    '1',
    'Keep-Alive',
    'timeout=5',
    'Transfer-Encoding',
    'chunked',
    'Upgrade',
    'h2c',
    'TE',
    'trailers',
  ];
  expect(endToEndHeaders(raw)).toEqual(['Host', 'a']);
});

test('repeated headers stay repeated, in order and as they are spelled', () => {
  const raw = ['Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'X-Text', ''];
  expect(endToEndHeaders(raw)).toEqual(raw);
});
