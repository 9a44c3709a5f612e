import { STATE_AFTER } from '@trunkline/chaos';
import { type CallState, isFinal } from '@trunkline/contract';
import { type Heard, type HeardKind, type Phone, type RestClient, type System, until } from '@trunkline/testing';
import { expect } from 'vitest';
import { type Facts, framesOf, type News, type Reason } from './dialect-frames.ts';
import { expectLiteral } from './literal.ts';
import type { Asked, Device, Side, Verb } from './race-lane.ts';

export interface CallRow {
  state: CallState;
  reason: string | null;
  ended_by: string | null;
}

interface TraceRow {
  kind: string;
  user_id: string | null;
  device_id: string | null;
}

export const readCall = async (system: System, callId: string): Promise<CallRow> => {
  const [row] = await system.database.query<CallRow>('SELECT state, reason, ended_by FROM calls WHERE id = $1', [callId]);
  if (row === undefined) throw new Error(`there is no call ${callId}`);
  return row;
};

const readTrace = (system: System, callId: string): Promise<TraceRow[]> =>
  system.database.query<TraceRow>('SELECT kind, user_id, device_id FROM call_trace WHERE call_id = $1 ORDER BY id', [callId]);

const isOf = (row: TraceRow, { userId, deviceId }: Device): boolean => row.user_id === userId && row.device_id === deviceId;

/** One event of a call that is over, for a device that did it (`acted`) or did not. */
interface Happened {
  call: CallRow;
  calleeId: string;
  acted: boolean;
}

const endedBy = ({ ended_by }: CallRow): string => ended_by ?? 'nobody';
const reasonOf = ({ reason }: CallRow): Reason => reason as Reason;

const cancelled = ({ call, acted }: Happened): News | null =>
  acted ? null : { what: 'cancelled', by: endedBy(call), reason: reasonOf(call) };

const ended = ({ call, acted }: Happened): News | null => {
  if (endedBy(call) === 'system') return { what: 'ended_by_system', reason: call.reason as 'lost' | 'max_duration' };
  return acted ? null : { what: 'ended', by: endedBy(call) };
};

const elsewhere = (reason: 'answered_elsewhere' | 'declined_elsewhere', { acted, calleeId }: Happened): News | null =>
  acted ? null : { what: 'cancelled', by: calleeId, reason };

/** What a device that stayed connected must be told of an event, the ring and its echo aside; null: nothing. */
const TOLD: Readonly<Record<Side, ReadonlyMap<string, (happened: Happened) => News | null>>> = {
  caller: new Map<string, (happened: Happened) => News | null>([
    ['call_accepted', ({ calleeId }) => ({ what: 'accepted', by: calleeId })],
    ['call_rejected', ({ call }) => ({ what: 'rejected', reason: reasonOf(call) })],
    ['call_cancelled', cancelled],
    ['call_missed', () => ({ what: 'timeout_of_caller' })],
    ['call_ended', ended],
  ]),
  callee: new Map<string, (happened: Happened) => News | null>([
    ['call_accepted', (happened) => elsewhere('answered_elsewhere', happened)],
    [
      'call_rejected',
      (happened) => (endedBy(happened.call) === 'system' ? cancelled(happened) : elsewhere('declined_elsewhere', happened)),
    ],
    ['call_cancelled', cancelled],
    ['call_missed', () => ({ what: 'timeout_of_callee' })],
    ['call_ended', ended],
  ]),
};

const NOT_IN_STORY: ReadonlySet<HeardKind> = new Set(['incoming', 'ringing']);

const expectSteadyTold = async (device: Device, facts: Facts, call: CallRow, trace: readonly TraceRow[]): Promise<void> => {
  const phone = device.phone;
  if (phone === null) throw new Error('a steady device is connected');
  const { calleeId } = facts;
  const told = (): Heard[] => phone.heard.filter(({ kind, callId }) => callId === facts.callId && !NOT_IN_STORY.has(kind));
  // Who ended it was answered so, and is not told afterwards that it was accepted.
  const endedItself = trace.some((event) => event.kind === 'call_ended' && isOf(event, device));
  const story = trace
    .filter(({ kind }) => kind !== 'call_accepted' || !endedItself || told().length > 0)
    .map((event) => TOLD[device.side].get(event.kind)?.({ call, calleeId, acted: isOf(event, device) }) ?? null)
    .filter((news) => news !== null);
  await until(`a ${device.dialect} ${device.side} is told ${JSON.stringify(story)}`, () => told().length >= story.length);
  expect(await phone.acknowledge('a-round-trip')).toMatchObject({ code: 'call_not_found' });
  expectLiteral(
    told().map(({ frame }) => frame),
    framesOf(phone.dialect, facts, story),
  );
};

const STOPS: ReadonlySet<HeardKind> = new Set(['rejected', 'cancelled', 'timeout', 'ended']);

/** On one connection: each thing once, and no ring behind a stop. */
const expectOrderly = (kinds: readonly HeardKind[]): void => {
  expect(new Set(kinds).size).toBe(kinds.length);
  const stop = kinds.findIndex((kind) => STOPS.has(kind));
  if (stop >= 0) expect(kinds.slice(stop)).not.toContain('incoming');
};

const DEVICE_KNOWS: ReadonlySet<string> = new Set(['stop_sent', 'call_rejected', 'call_cancelled', 'call_ended']);

/** A device that came and went knows the end: it heard it, it did it, or it was written to a connection that was closing. */
const expectReturnedTold = async (system: System, device: Device, { callId }: Facts): Promise<void> => {
  const kinds = (): HeardKind[][] => device.sessions.map((phone) => phone.kindsFor(callId));
  const knows = async (): Promise<boolean> => {
    if (
      kinds()
        .flat()
        .some((kind) => STOPS.has(kind))
    )
      return true;
    const own = (await readTrace(system, callId)).filter((row) => isOf(row, device));
    const wasRung = device.side === 'caller' || kinds().flat().includes('incoming');
    return !wasRung || own.some(({ kind }) => DEVICE_KNOWS.has(kind));
  };
  await until(`a ${device.dialect} ${device.side} that came and went is told how it ended`, knows).catch(async (cause: unknown) => {
    const trace = (await readTrace(system, callId)).map((row) => `${row.kind}${isOf(row, device) ? ' (this device)' : ''}`);
    throw new Error(`its connections heard ${JSON.stringify(kinds())}; the trace is ${trace.join(', ')}`, { cause });
  });
};

const FINAL_EVENTS = [...STATE_AFTER].filter(([, state]) => isFinal(state)).map(([kind]) => kind);
const FINAL_VERBS: readonly Verb[] = ['reject', 'cancel', 'end'];
const ACCEPTING: readonly Verb[] = ['accept'];

const expectOneOutcome = (call: CallRow, trace: readonly TraceRow[], answers: readonly Asked[]): void => {
  const finals = trace.filter(({ kind }) => FINAL_EVENTS.includes(kind));
  const accepts = trace.filter(({ kind }) => kind === 'call_accepted');
  expect(finals).toHaveLength(1);
  expect(accepts.length).toBeLessThanOrEqual(1);
  expect(STATE_AFTER.get(finals[0]?.kind ?? '')).toBe(call.state);
  const won = answers.filter(({ answer }) => answer.ok);
  for (const [verbs, rows] of [[ACCEPTING, accepts] as const, [FINAL_VERBS, finals] as const]) {
    const winners = won.filter(({ verb }) => verbs.includes(verb));
    expect(winners.length).toBeLessThanOrEqual(1);
    for (const { device } of winners) expect(rows[0]).toMatchObject({ user_id: device.userId, device_id: device.deviceId });
  }
};

/** Who lost is told a state that the call really had; one that only loses to an answer is never told that it still rings. */
const expectLosersTold = (trace: readonly TraceRow[], answers: readonly Asked[]): void => {
  const states = new Set(trace.map(({ kind }) => STATE_AFTER.get(kind)));
  for (const { verb, answer } of answers) {
    if (answer.ok) continue;
    expect(answer.code).toBe('invalid_status');
    expect(states).toContain(answer.status);
    if (verb !== 'end' && verb !== 'connected') expect(['INITIATING', 'RINGING']).not.toContain(answer.status);
  }
};

const MISSED_BY_CALLEE: readonly CallState[] = ['MISSED', 'CANCELLED'];

const expectHistory = async ({ state, reason }: CallRow, { callId }: Facts, people: readonly RestClient[]): Promise<void> => {
  const isMissed = MISSED_BY_CALLEE.includes(state) || reason === 'offline';
  for (const [index, rest] of people.entries()) {
    const { body } = await rest.get('/api/v1/calls/history?limit=3');
    const entries = body.data.items.filter(({ id }: { id: string }) => id === callId);
    const kind = index === 0 ? 'outgoing' : isMissed ? 'missed' : 'incoming';
    expect(entries).toEqual([expect.objectContaining({ status: state, reason, kind })]);
  }
};

export interface Raced {
  facts: Facts;
  devices: readonly Device[];
  /** The connections that came when the call was over. */
  late: readonly Phone[];
  answers: readonly Asked[];
  /** Of the caller and of the callee. */
  people: readonly RestClient[];
}

/** One outcome, and everybody told the same of it: for a call that is over, when every device is connected again. */
export const expectOneTruth = async (system: System, { facts, devices, late, answers, people }: Raced): Promise<void> => {
  const [call, trace] = [await readCall(system, facts.callId), await readTrace(system, facts.callId)];
  expectOneOutcome(call, trace, answers);
  expectLosersTold(trace, answers);
  await Promise.all(
    devices.map((device) => (device.isSteady ? expectSteadyTold(device, facts, call, trace) : expectReturnedTold(system, device, facts))),
  );
  for (const device of devices) for (const phone of device.sessions) expectOrderly(phone.kindsFor(facts.callId));
  for (const phone of late) expect(phone.kindsFor(facts.callId)).not.toContain('incoming');
  await expectHistory(call, facts, people);
};
