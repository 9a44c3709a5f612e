import type { FaultGroup, Inflicted } from '../faults/fault.ts';
import { isStop, type Story } from '../people/story.ts';
import type { CallRow, Evidence } from './evidence.ts';
import type { DelayOfFault, Verdict } from './verdict.ts';

/** How long after its end a fault is still felt. */
const FELT_MS = 5000;

type Circumstance = FaultGroup | 'healthy';

interface Delay {
  /** What was felt meanwhile. */
  fault: Inflicted | null;
  milliseconds: number;
  callId: string | null;
}

const circumstanceOf = ({ fault }: Delay): Circumstance => fault?.group ?? 'healthy';

const faultFelt = (faults: readonly Inflicted[], from: number, to: number): Inflicted | null =>
  faults.findLast(({ beganAt, endedAt }) => beganAt <= to && (endedAt ?? Number.POSITIVE_INFINITY) + FELT_MS >= from) ?? null;

/** What lies between a moment and what followed it, counted as the fault that was felt has it; none for what did not wait for its end. */
const delayBetween = (faults: readonly Inflicted[], from: number, to: number, callId: string | null): Delay[] => {
  const fault = faultFelt(faults, from, to);
  if (fault === null) return [{ fault, milliseconds: to - from, callId }];
  const since = Math.max(from, fault.countsFrom === 'begin' ? fault.beganAt : (fault.endedAt ?? fault.beganAt));
  return to < since ? [] : [{ fault, milliseconds: to - since, callId }];
};

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0;

/** A device that left of its own will is not waited for. */
const leavesItself = ({ play }: Story): boolean => play.endsWith('_leaves');

const stopDelays = (story: Story, row: CallRow, faults: readonly Inflicted[]): Delay[] =>
  story.callees.flatMap((device) => {
    const ring = story.heard.find((heard) => heard.device === device && heard.word === 'incoming');
    const stop = story.heard.find((heard) => heard.device === device && isStop(heard.word));
    const overAt = row.acceptedAt !== null && stop?.reason === 'answered_elsewhere' ? row.acceptedAt : row.endedAt;
    if (ring === undefined || stop === undefined || overAt === null || ring.at > overAt) return [];
    return delayBetween(faults, overAt, stop.at, story.callId);
  });

interface Limit {
  /** Milliseconds, of the 99th percentile. */
  limitMs: number;
  circumstances: readonly Circumstance[];
}

/** How long it took while each fault was felt, the longest first. */
const byFault = (sorted: readonly Delay[]): DelayOfFault[] =>
  Object.entries(Object.groupBy(sorted, ({ fault }) => fault?.name ?? 'healthy'))
    .map(([fault, delays = []]) => {
      const each = delays.map(({ milliseconds }) => milliseconds);
      return { fault, count: each.length, p99Ms: Math.round(percentile(each, 0.99)), mostMs: Math.round(each.at(-1) ?? 0) };
    })
    .sort((a, b) => b.p99Ms - a.p99Ms);

const judgeDelays = (promise: string, says: string, delays: readonly Delay[], { limitMs, circumstances }: Limit): Verdict => {
  const counted = delays.filter((delay) => circumstances.includes(circumstanceOf(delay))).sort((a, b) => a.milliseconds - b.milliseconds);
  const sorted = counted.map(({ milliseconds }) => milliseconds);
  const p99 = percentile(sorted, 0.99);
  const most = counted.at(-1);
  const isBroken = p99 > limitMs;
  return {
    promise,
    says,
    checked: counted.length,
    breaches: isBroken ? [{ callId: most?.callId ?? null, what: `p99 is ${Math.round(p99)} ms` }] : [],
    figure: `p50 ${Math.round(percentile(sorted, 0.5))} ms, p99 ${Math.round(p99)} ms, most ${Math.round(most?.milliseconds ?? 0)} ms`,
    byFault: byFault(counted),
  };
};

const timeoutDelays = ({ stories, rows, faults }: Evidence): Delay[] =>
  stories.flatMap((story) => {
    const row = rows.get(story.callId);
    if (row?.state !== 'MISSED' || row.endedAt === null) return [];
    const fault = faultFelt(faults, row.ringDeadlineAt, row.endedAt);
    return [{ fault, milliseconds: row.endedAt - row.ringDeadlineAt, callId: story.callId }];
  });

/** What is sooner or later. */
export const judgeAllDelays = (evidence: Evidence): Verdict[] => {
  const { stories, rows, faults, absences, answers, revocations } = evidence;
  const stops = stories.flatMap((story) => {
    const row = rows.get(story.callId);
    return row === undefined || leavesItself(story) ? [] : stopDelays(story, row, faults);
  });
  const timeouts = timeoutDelays(evidence);
  const returns = absences.flatMap(({ lostAt, backAt }) => delayBetween(faults, lostAt, backAt, null));
  const answered = answers.flatMap(({ at, afterMs }): Delay[] => {
    const fault = faultFelt(faults, at - afterMs, at);
    // No server answers through a network that carries nothing.
    return fault?.group === 'phones' ? delayBetween(faults, at - afterMs, at, null) : [{ fault, milliseconds: afterMs, callId: null }];
  });
  const revoked = revocations.map(
    ({ askedAt, closedAt }): Delay => ({
      fault: faultFelt(faults, askedAt, closedAt),
      milliseconds: closedAt - askedAt,
      callId: null,
    }),
  );
  return [
    judgeDelays('stops-in-time', 'a ring stops within 100 ms of its end (p99, nothing broken)', stops, {
      limitMs: 100,
      circumstances: ['healthy'],
    }),
    judgeDelays('stops-after-a-gateway', 'within 3 s after a gateway died or froze (p99)', stops, {
      limitMs: 3000,
      circumstances: ['gateway', 'rolling', 'phones'],
    }),
    judgeDelays('stops-after-redis', 'within 5 s after Redis died, or could not be reached (p99)', stops, {
      limitMs: 5000,
      circumstances: ['redis'],
    }),
    judgeDelays('stops-after-a-call-service', 'within 5 s after a call-service or PostgreSQL died, or could not be reached (p99)', stops, {
      limitMs: 5000,
      circumstances: ['call-service', 'postgres', 'clock', 'notifier'],
    }),
    judgeDelays('timeouts-in-time', 'a ring times out within 2 s of its deadline, with BullMQ or without (p99)', timeouts, {
      limitMs: 2000,
      circumstances: ['healthy', 'notifier', 'redis', 'gateway', 'phones', 'clock'],
    }),
    judgeDelays('answered-in-time', 'a command is answered, if only that it may be tried again, within 3 s (p99)', answered, {
      // What the answer needs on its way.
      limitMs: 3200,
      circumstances: ['healthy', 'postgres', 'redis', 'call-service', 'notifier', 'clock', 'phones', 'rolling'],
    }),
    judgeDelays('back-in-time', 'who lost its connection has another within 3 s (p99)', returns, {
      limitMs: 3000,
      circumstances: ['healthy', 'gateway', 'rolling', 'phones'],
    }),
    judgeDelays('revoked-in-time', 'who is disconnected by the app has no connection left after 2 s (p99, nothing broken)', revoked, {
      limitMs: 2000,
      circumstances: ['healthy'],
    }),
  ];
};
