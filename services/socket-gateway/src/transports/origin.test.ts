import { expect, it } from 'vitest';
import { isAllowedOrigin } from './origin.ts';

const ALLOWED = ['https://app.example', 'http://localhost:5173'];

it('native apps, which name no origin, come in', () => {
  expect(isAllowedOrigin(undefined, [])).toBe(true);
});

it('a listed origin comes in', () => {
  expect(isAllowedOrigin('https://app.example', ALLOWED)).toBe(true);
});

it.each(['https://app.example.evil.test', 'https://evil-app.example', 'http://app.example', 'https://app.example:444', 'null', ''])(
  'the origin "%s" does not',
  (origin) => {
    expect(isAllowedOrigin(origin, ALLOWED)).toBe(false);
  },
);

it('no browser comes in when none is listed', () => {
  expect(isAllowedOrigin('https://app.example', [])).toBe(false);
});

it('an opaque origin comes in where it is listed', () => {
  expect(isAllowedOrigin('null', ['null'])).toBe(true);
});
