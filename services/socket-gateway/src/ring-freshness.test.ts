import { expect, it } from 'vitest';
import { aCallEvent } from '../test/call-event.ts';
import { judgeRing } from './ring-freshness.ts';

const ring = aCallEvent({ at: 100_000, ringMsLeft: 30_000 });

it.each([
  ['a ring just decided rings', 'live', 100_000, 'rings'],
  ['a ring that took a moment rings', 'live', 101_500, 'rings'],
  ['a ring from the future rings: the clocks are not that exact', 'live', 90_000, 'rings'],
  ['a ring that the bus kept is not believed', 'live', 102_001, 'stale'],
  ['a ring past its deadline is over', 'live', 130_000, 'over'],
  ['a ring of unknown age is not believed', 'live', null, 'stale'],
  ['a snapshot that took a moment rings', 'snapshot', 102_000, 'rings'],
  ['a snapshot whose answer came late is not believed: the call may have been answered meanwhile', 'snapshot', 102_001, 'stale'],
  ['a snapshot past its deadline is over too', 'snapshot', 130_000, 'over'],
  ['a snapshot without a clock counts from now', 'snapshot', null, 'rings'],
] as const)('%s', (_name, source, databaseNow, verdict) => {
  expect(judgeRing(ring, source, { databaseNow, snapshotAt: null })).toEqual(verdict);
});

it('a ring that was decided before the last snapshot is not believed, one after it is', () => {
  expect(judgeRing(ring, 'live', { databaseNow: 100_010, snapshotAt: 100_000 })).toBe('stale');
  expect(judgeRing(ring, 'live', { databaseNow: 100_010, snapshotAt: 99_999 })).toBe('rings');
  expect(judgeRing(ring, 'snapshot', { databaseNow: 100_010, snapshotAt: 100_005 })).toBe('rings');
});
