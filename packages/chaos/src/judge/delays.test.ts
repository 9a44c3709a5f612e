import { expect, it } from 'vitest';
import type { Inflicted } from '../faults/fault.ts';
import { breachReport } from '../report.ts';
import { judgeAllDelays } from './delays.ts';
import type { Evidence } from './evidence.ts';

const BEGAN_AT = 1_700_000_000_000;
const APART_MS = 20_000;

const frozen: Inflicted = { name: 'freeze_postgres', group: 'postgres', countsFrom: 'end', beganAt: BEGAN_AT, endedAt: BEGAN_AT + 2000 };
const killed: Inflicted = {
  name: 'kill_redis',
  group: 'redis',
  countsFrom: 'begin',
  beganAt: BEGAN_AT + APART_MS,
  endedAt: BEGAN_AT + APART_MS + 500,
};

const evidence: Evidence = {
  stories: [],
  rows: new Map(),
  traces: new Map(),
  histories: new Map(),
  strays: [],
  absences: [],
  answers: [
    { at: BEGAN_AT - 10_000, afterMs: 12 },
    { at: killed.beganAt + 3400, afterMs: 3300 },
    { at: frozen.beganAt + 4600, afterMs: 4500 },
    { at: frozen.beganAt + 100, afterMs: 50 },
  ],
  revocations: [],
  faults: [frozen, killed],
};

it('a delay that is too long is told by what was felt meanwhile, the worst first', () => {
  const broken = judgeAllDelays(evidence).filter(({ breaches }) => breaches.length > 0);
  expect(breachReport(broken, evidence)).toEqual([
    'answered-in-time is broken: p99 is 4500 ms',
    '  freeze_postgres: 2, p99 4500 ms, most 4500 ms',
    '  kill_redis: 1, p99 3300 ms, most 3300 ms',
    '  healthy: 1, p99 12 ms, most 12 ms',
  ]);
});
