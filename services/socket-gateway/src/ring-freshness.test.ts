import { expect, it } from 'vitest';
import { aCallEvent } from '../test/call-event.ts';
import { judgeRing } from './ring-freshness.ts';

const ring = aCallEvent({ at: 100_000, ringMsLeft: 30_000 });

it.each([
  ['a ring just decided rings for all its time', 'live', 100_000, { ringMsLeft: 30_000 }],
  ['a ring rings for what is left of its time', 'live', 101_500, { ringMsLeft: 28_500 }],
  ['a ring never gains time, whatever the clocks say', 'live', 90_000, { ringMsLeft: 30_000 }],
  ['a ring that the bus kept is not believed', 'live', 102_001, 'stale'],
  ['a ring past its deadline is over', 'live', 130_000, 'over'],
  ['a ring of unknown age is not believed', 'live', null, 'stale'],
  ['a snapshot is believed at any age', 'snapshot', 120_000, { ringMsLeft: 10_000 }],
  ['a snapshot past its deadline is over too', 'snapshot', 130_000, 'over'],
  ['a snapshot without a clock counts from now', 'snapshot', null, { ringMsLeft: 30_000 }],
] as const)('%s', (_name, source, databaseNow, verdict) => {
  expect(judgeRing(ring, source, databaseNow)).toEqual(verdict);
});
