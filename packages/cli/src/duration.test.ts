import { expect, test } from 'vitest';
import { parseDurationSeconds } from './duration.ts';

test.each([
  ['90s', 90],
  ['30m', 1800],
  ['1h', 3600],
  ['7d', 604_800],
  ['366d', 31_622_400],
])('%s is %i seconds', (text, seconds) => {
  expect(parseDurationSeconds(text)).toBe(seconds);
});

test.each(['', '1', 'h', '0s', '-1h', '1.5h', '1H', '1h30m', ' 1h', '1h ', '367d', '9999999999s', '1e3s', '1w'])(
  '"%s" is no duration',
  (text) => {
    expect(parseDurationSeconds(text)).toBe(null);
  },
);
