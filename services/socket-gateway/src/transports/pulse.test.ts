import { expect, it } from 'vitest';
import { HEARTBEAT, judgePulse } from './pulse.ts';

it.each([
  ['was just heard', { aliveAt: 1000, pingedAt: null }, 20_999, 'alive'],
  ['was quiet for 20 s', { aliveAt: 1000, pingedAt: null }, 21_000, 'ping'],
  ['was pinged and has time left', { aliveAt: 1000, pingedAt: 21_000 }, 30_999, 'alive'],
  ['has not answered for 10 s', { aliveAt: 1000, pingedAt: 21_000 }, 31_000, 'silent'],
  ['answered', { aliveAt: 21_050, pingedAt: null }, 31_000, 'alive'],
] as const)('a connection that %s', (_name, pulse, now, verdict) => {
  expect(judgePulse(pulse, now, HEARTBEAT)).toBe(verdict);
});
