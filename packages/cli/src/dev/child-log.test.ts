import { expect, test } from 'vitest';
import { complaintIn } from './child-log.ts';

test.each([
  ['{"level":"error","msg":"no luck","err":{"message":"refused"}}', 'stdout', 'no luck: refused'],
  ['{"level":"error","err":{"message":"refused"},"msg":"refused"}', 'stdout', 'refused'],
  ['{"level":"fatal","msg":"over"}', 'stderr', 'over'],
  ['{"level":"error"}', 'stdout', '{"level":"error"}'],
  ['{"level":"warn","msg":"careful"}', 'stdout', null],
  ['{"level":"info","msg":"listening"}', 'stderr', null],
  ['TypeError: x is not a function', 'stderr', 'TypeError: x is not a function'],
  ['plain words', 'stdout', null],
  ['', 'stderr', null],
  ['null', 'stdout', null],
] as const)('of %s on %s the terminal shows %s', (line, stream, shown) => {
  expect(complaintIn(line, stream)).toBe(shown);
});
