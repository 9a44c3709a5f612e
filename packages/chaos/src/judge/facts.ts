import type { Device } from '../people/device.ts';
import { type Heard, isStop, type Story } from '../people/story.ts';
import type { CallRow, Evidence, HistoryEntry } from './evidence.ts';
import { FINAL_STATES, STATE_AFTER } from './state-after.ts';
import type { Breach, Verdict } from './verdict.ts';

/** A gateway takes a ring for fresh for two seconds, and then it travels: that is no phantom, its stop is right behind it. */
const IN_FLIGHT_MS = 2500;

const ELSEWHERE: ReadonlyMap<string, (row: CallRow) => boolean> = new Map([
  ['answered_elsewhere', (row: CallRow) => row.acceptedAt !== null],
  ['declined_elsewhere', (row: CallRow) => row.state === 'REJECTED'],
]);

/** Whether what a device was told is true of the call, as the books have it. */
const isTrue = ({ word, reason }: Heard, row: CallRow): boolean => {
  const elsewhere = ELSEWHERE.get(reason ?? '');
  if (elsewhere !== undefined) return elsewhere(row);
  switch (word) {
    case 'accepted':
      return row.acceptedAt !== null;
    case 'rejected':
      return row.state === 'REJECTED';
    case 'cancelled':
      return row.state === 'CANCELLED' || row.state === 'REJECTED';
    case 'timed_out':
      return row.state === 'MISSED';
    case 'ended':
      return row.state === 'ENDED' || row.state === 'FAILED';
    default:
      return true;
  }
};

const perStory = (
  { stories, rows }: Evidence,
  promise: string,
  says: string,
  judge: (story: Story, row: CallRow | undefined) => { checked: number; wrong: string[] },
): Verdict => {
  let checked = 0;
  const breaches: Breach[] = [];
  for (const story of stories) {
    const judged = judge(story, rows.get(story.callId));
    checked += judged.checked;
    for (const what of judged.wrong) breaches.push({ callId: story.callId, what });
  }
  return { promise, says, checked, breaches };
};

const ackedIsDurable = (evidence: Evidence): Verdict =>
  perStory(evidence, 'acked-is-durable', 'what was acknowledged is in the database', (story, row) => {
    const acked = story.answers.flatMap(({ answer, ask }) => (answer?.ok === true ? [{ status: answer.status, verb: ask.verb }] : []));
    const states = new Set<string | undefined>(evidence.traces.get(story.callId)?.map((kind) => STATE_AFTER.get(kind)));
    const wrong = acked
      .filter(({ status }) => row === undefined || !states.has(status))
      .map(({ verb, status }) => `${verb} was acknowledged with ${status}; the database has ${row?.state ?? 'no such call'}`);
    return { checked: acked.length, wrong };
  });

const oneOutcome = (evidence: Evidence): Verdict =>
  perStory(evidence, 'one-outcome', 'a call has one outcome, told the same to all', (story, row) => {
    if (row === undefined) return { checked: 0, wrong: [] };
    const finals = (evidence.traces.get(story.callId) ?? []).filter((kind) => FINAL_STATES.has(STATE_AFTER.get(kind) ?? ''));
    const wrong = story.heard
      .filter((heard) => !isTrue(heard, row))
      .map(({ device, word, reason }) => `${device.name} was told ${word} (${reason}); the database has ${row.state}`);
    if (finals.length !== 1) wrong.push(`it has ${finals.length} ends: ${finals.join(', ')}`);
    if (!FINAL_STATES.has(row.state)) wrong.push(`it never ended: ${row.state}`);
    return { checked: 1 + story.heard.length, wrong };
  });

const rungIsStopped = (evidence: Evidence): Verdict =>
  perStory(evidence, 'rung-is-stopped', 'every device that rang is stopped, or stopped it itself', (story) => {
    const rung = story.callees.filter((device) => story.wasRung(device) && !story.interrupted.has(device));
    const wrong = rung.filter((device) => !story.knowsTheEnd(device)).map((device) => `${device.name} rang and was never stopped`);
    return { checked: rung.length, wrong };
  });

/** How long after a phones' network works again it may still bring what it lost, as far as senders wait longer and longer. */
const SENT_AGAIN_MS = 5000;
const RIGHT_BEHIND_MS = 100;

/** The phones' network lost it on the way, and brought it late, with its stop right behind it. */
const wasHeldBack = (story: Story, { device, connection, at }: Heard, overAt: number, faults: Evidence['faults']): boolean => {
  const isPossible = faults.some(
    ({ group, beganAt, endedAt }) => group === 'phones' && beganAt <= overAt && at <= (endedAt ?? at) + SENT_AGAIN_MS,
  );
  const isStopBehind = story.heard.some(
    (heard) => heard.device === device && heard.connection === connection && isStop(heard.word) && heard.at - at <= RIGHT_BEHIND_MS,
  );
  return isPossible && isStopBehind;
};

const phantomIn = (story: Story, row: CallRow | undefined, ring: Heard, faults: Evidence['faults']): string | null => {
  const { device, at } = ring;
  const stop = story.heard.slice(0, story.heard.indexOf(ring)).find((heard) => heard.device === device && isStop(heard.word));
  if (stop !== undefined) return `${device.name} was rung ${at - stop.at} ms after it was told ${stop.word}`;
  if (row === undefined) return `${device.name} was rung for a call that the database does not have`;
  const overAt = Math.min(row.ringDeadlineAt, row.acceptedAt ?? row.endedAt ?? Number.POSITIVE_INFINITY);
  return at - overAt > IN_FLIGHT_MS && !wasHeldBack(story, ring, overAt, faults)
    ? `${device.name} was rung ${Math.round(at - overAt)} ms after the ring was over`
    : null;
};

const noPhantomRing = (evidence: Evidence): Verdict => {
  const judged = perStory(evidence, 'no-phantom-ring', 'nothing rings after its end or its expiresAt', (story, row) => {
    const rings = story.heard.filter(({ word }) => word === 'incoming');
    const wrong = rings.map((ring) => phantomIn(story, row, ring, evidence.faults)).filter((what) => what !== null);
    return { checked: rings.length, wrong };
  });
  const strays = evidence.strays
    .filter(({ told }) => told.word === 'incoming')
    .map(({ device, told }) => ({ callId: told.callId, what: `${device.name} was rung for a call that nobody placed` }));
  return { ...judged, breaches: [...judged.breaches, ...strays] };
};

/** What is wrong with the entries of one call in one person's history; null: nothing. */
const wrongInHistory = (userId: string, entries: readonly HistoryEntry[], { id, state }: CallRow): string | null => {
  const listed = entries.filter((entry) => entry.id === id).map(({ status }) => status);
  return listed.length === 1 && listed[0] === state
    ? null
    : `the history of ${userId} lists it ${listed.length} times: ${listed.join(', ')}`;
};

const oneHistoryEntry = (evidence: Evidence): Verdict =>
  perStory(evidence, 'one-history-entry', 'either person has one entry of each call', (story, row) => {
    if (row === undefined) return { checked: 0, wrong: [] };
    const userIds = [...new Set(story.devices.map(({ userId }) => userId))];
    const read = userIds.flatMap((userId) => {
      const entries = evidence.histories.get(userId);
      return entries === undefined ? [] : [wrongInHistory(userId, entries, row)];
    });
    return { checked: read.length, wrong: read.filter((what) => what !== null) };
  });

const concernedBy = (story: Story): readonly Device[] => {
  const wasPlaced = story.answers.some(({ ask, answer }) => ask.verb === 'place' && answer?.ok === true);
  return story.devices.filter((device) => (device === story.caller ? wasPlaced : story.wasRung(device)));
};

const toldOverAReconnect = (evidence: Evidence): Verdict =>
  perStory(evidence, 'told-over-a-reconnect', 'who lost its connection in a call learns how it ended', (story, row) => {
    if (row === undefined) return { checked: 0, wrong: [] };
    const returned = concernedBy(story).filter((device) => story.interrupted.has(device));
    const wrong = returned
      .filter((device) => !story.knowsTheEnd(device))
      .map((device) => `${device.name} came back and was never told of ${row.state}`);
    return { checked: returned.length, wrong };
  });

const callerKnows = (evidence: Evidence): Verdict =>
  perStory(evidence, 'caller-knows', 'who stayed connected in a call of its own learns how it ended', (story, row) => {
    const steady = concernedBy(story).filter((device) => device === story.caller && !story.interrupted.has(device));
    if (row === undefined) return { checked: 0, wrong: [] };
    const wrong = steady.filter((device) => !story.knowsTheEnd(device)).map((device) => `${device.name} was never told of ${row.state}`);
    return { checked: steady.length, wrong };
  });

const retryChangesNothing = (evidence: Evidence): Verdict =>
  perStory(evidence, 'retry-changes-nothing', 'a repeated command gets its first answer and does nothing', (story) => {
    const repeated = story.answers.filter(({ again }) => again !== undefined && again !== null);
    const wrong = repeated
      .filter(({ answer, again }) => JSON.stringify(answer) !== JSON.stringify(again))
      .map(({ ask, answer, again }) => `${ask.verb} was answered ${JSON.stringify(answer)}, and again ${JSON.stringify(again)}`);
    const accepts = (evidence.traces.get(story.callId) ?? []).filter((kind) => kind === 'call_accepted').length;
    if (accepts > 1) wrong.push(`it was accepted ${accepts} times`);
    return { checked: repeated.length, wrong };
  });

/** What is either so or not. */
export const judgeFacts = (evidence: Evidence): Verdict[] =>
  [ackedIsDurable, oneOutcome, rungIsStopped, noPhantomRing, oneHistoryEntry, toldOverAReconnect, callerKnows, retryChangesNothing].map(
    (judge) => judge(evidence),
  );
