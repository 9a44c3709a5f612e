import { expect, it } from 'vitest';
import { type ConnectOptions, settle } from '../src/options.ts';

const LEAST = { url: 'https://calls.example/', token: 'token' };

it('what is given as undefined is left out', () => {
  const left = {
    restUrl: undefined,
    getToken: undefined,
    transports: undefined,
    commandTimeoutMs: undefined,
    ackTimeoutMs: undefined,
    connectTimeoutMs: undefined,
    restTimeoutMs: undefined,
    renewTokenBeforeMs: undefined,
  };
  expect(settle({ ...LEAST, ...left } as unknown as ConnectOptions)).toEqual(settle(LEAST));
  expect(settle({ ...LEAST, reconnect: { busyMs: undefined, maxMs: 5 } } as unknown as ConnectOptions).reconnect).toEqual({
    busyMs: 1000,
    maxMs: 5,
  });
});

it('what is given counts, and what cannot work is refused', () => {
  expect(settle({ ...LEAST, ackTimeoutMs: 7 })).toMatchObject({ ackTimeoutMs: 7, urls: ['https://calls.example'], restTimeoutMs: 10_000 });
  expect(() => settle({ ...LEAST, getToken: () => null })).toThrow(TypeError);
  expect(() => settle({ ...LEAST, url: [] })).toThrow(TypeError);
});
