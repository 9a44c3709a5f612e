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

const TIMES = ['commandTimeoutMs', 'ackTimeoutMs', 'connectTimeoutMs', 'restTimeoutMs', 'renewTokenBeforeMs'] as const;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

it.each(TIMES)('%s is as long as a timer goes where it is longer, and is no negative time and no NaN', (name) => {
  expect(settle({ ...LEAST, [name]: Number.POSITIVE_INFINITY })[name]).toBe(LONGEST_TIMER_MS);
  for (const wrong of [-1, Number.NaN]) expect(() => settle({ ...LEAST, [name]: wrong })).toThrow(TypeError);
});

it('waits between attempts are bounded likewise', () => {
  expect(settle({ ...LEAST, reconnect: { maxMs: Number.POSITIVE_INFINITY } }).reconnect.maxMs).toBe(LONGEST_TIMER_MS);
  expect(() => settle({ ...LEAST, reconnect: { busyMs: Number.NaN } })).toThrow(TypeError);
});
