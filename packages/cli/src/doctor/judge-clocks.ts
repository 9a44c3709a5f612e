import type { Finding } from './finding.ts';

/** One reading of another machine's clock, and ours around it; all in epoch milliseconds. */
export interface ClockReading {
  of: string;
  theirs: number;
  askedAt: number;
  answeredAt: number;
}

const NOTE_MS = 1000;
const PROBLEM_MS = 30_000;

const ADVICE =
  'Run NTP on every machine. Calls go by the clock of PostgreSQL, and tokens by that of each host: past the difference, they expire early or late.';

const levelFor = (differenceMs: number): Finding['level'] => {
  if (differenceMs >= PROBLEM_MS) return 'problem';
  return differenceMs >= NOTE_MS ? 'note' : 'ok';
};

/** How far two clocks surely are apart: what the time of the question may explain does not count. */
export const judgeClock = ({ of, theirs, askedAt, answeredAt }: ClockReading): Finding => {
  const difference = theirs - (askedAt + answeredAt) / 2;
  const sure = Math.max(0, Math.abs(difference) - (answeredAt - askedAt) / 2);
  const level = levelFor(sure);
  const says = `${Math.abs(difference / 1000).toFixed(3)} s ${difference < 0 ? 'behind' : 'ahead of'} this machine`;
  return { level, about: `clock of ${of}`, says, ...(level === 'ok' ? {} : { advice: ADVICE }) };
};
