import { randomUUID } from 'node:crypto';
import { DIALECTS, type DialectName, type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { expectOnlyRead, expectRead, type Facts, type News, type Reason } from './dialect-frames.ts';
import { connectTwo, type DialectPair, PAIRS, ring } from './two-phones.ts';

// All pairs of a scenario run at once, so that the slow endings cost their time once.
vi.setConfig({ maxConcurrency: PAIRS.length });

let patient: System;
let impatient: System;

beforeAll(async () => {
  patient = await startSystem();
  impatient = await startSystem({
    settings: { CALLER_GRACE_SECONDS: '1', UNREACHABLE_GRACE_SECONDS: '1', CONNECT_TIMEOUT_SECONDS: '1' },
  });
});
afterAll(async () => {
  await patient[Symbol.asyncDispose]();
  await impatient[Symbol.asyncDispose]();
});

const INCOMING: News = { what: 'incoming' };
const RINGING: News = { what: 'ringing' };

const stateOf = async (system: System, callId: string): Promise<string | undefined> =>
  (await system.database.query<{ state: string }>('SELECT state FROM calls WHERE id = $1', [callId]))[0]?.state;

const isTrue = async (system: System, what: string, sql: string, values: unknown[]): Promise<void> => {
  await until(what, async () => (await system.database.query(sql, values)).length > 0);
};

const dialectAfter = (dialect: DialectName): DialectName => DIALECTS[(DIALECTS.indexOf(dialect) + 1) % DIALECTS.length] as DialectName;

const everyPair = (name: string, scenario: (pair: DialectPair) => Promise<void>): void => {
  describe.concurrent(name, () => {
    it.each(PAIRS)('%s rings %s', (...pair) => scenario(pair));
  });
};

everyPair('a call is accepted, connected and ended by its caller', async (pair) => {
  await using phones = await connectTwo(patient, pair);
  const { caller, callee } = phones;
  const call = await ring(phones, { callType: 'VIDEO', channelId: 'room-1' });
  const { callId } = call;
  expect(await callee.accept(callId)).toEqual({ ok: true, callId, status: 'CONNECTING' });
  await expectRead(caller, call, { what: 'accepted', by: callee.userId });
  expect(await caller.connected(callId)).toEqual({ ok: true, callId, status: 'ACTIVE' });
  expect(await callee.connected(callId)).toEqual({ ok: true, callId, status: 'ACTIVE' });
  expect(await caller.end(callId)).toEqual({ ok: true, callId, status: 'ENDED' });
  await expectRead(callee, call, { what: 'ended', by: caller.userId });
  await expectOnlyRead(caller, call, [RINGING, { what: 'accepted', by: callee.userId }]);
  await expectOnlyRead(callee, call, [INCOMING, { what: 'ended', by: caller.userId }]);
});

const OFFER = { type: 'offer', sdp: 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n' };
const ANSWER = { type: 'answer', sdp: 'v=0\r\no=- 3 4 IN IP4 127.0.0.1\r\n' };
const CANDIDATE = { type: 'candidate', candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 };

everyPair('two who are in a call signal each other, and nobody else hears it', async (pair) => {
  await using phones = await connectTwo(patient, pair);
  const { caller, callee } = phones;
  const other = await phones.connect(dialectAfter(pair[1]), 0, callee.userId);
  const call = await ring(phones);
  expect(await caller.signal(call.callId, OFFER)).toMatchObject({ ok: false, code: 'invalid_status' });
  expect(await callee.accept(call.callId)).toMatchObject({ ok: true });
  expect(await caller.signal(call.callId, OFFER)).toEqual({ ok: true, callId: call.callId, status: 'CONNECTING' });
  expect(await caller.signal(call.callId, CANDIDATE)).toMatchObject({ ok: true });
  await expectRead(callee, call, { what: 'signal', signal: OFFER });
  expect(await callee.signal(call.callId, ANSWER)).toMatchObject({ ok: true });
  await expectRead(caller, call, { what: 'signal', signal: ANSWER });
  expect(await caller.signal(call.callId, { type: 'offer', sdp: 'x'.repeat(16_384) })).toMatchObject({ ok: false, code: 'parse_error' });
  expect(await caller.end(call.callId)).toMatchObject({ ok: true });
  expect(await callee.signal(call.callId, ANSWER)).toMatchObject({ ok: false, code: 'invalid_status', status: 'ENDED' });
  await expectRead(callee, call, { what: 'ended', by: caller.userId });
  const signals = [OFFER, CANDIDATE].map((signal) => ({ what: 'signal', signal }) as const);
  await expectOnlyRead(callee, call, [INCOMING, ...signals, { what: 'ended', by: caller.userId }]);
  await expectOnlyRead(caller, call, [RINGING, { what: 'accepted', by: callee.userId }, { what: 'signal', signal: ANSWER }]);
  const stopped: News = { what: 'cancelled', by: callee.userId, reason: 'answered_elsewhere' };
  await expectOnlyRead(other, call, [INCOMING, stopped, { what: 'ended', by: caller.userId }]);
});

everyPair('a call is accepted and ended by its callee', async (pair) => {
  await using phones = await connectTwo(patient, pair);
  const { caller, callee } = phones;
  const call = await ring(phones);
  expect(await callee.acknowledge(call.callId)).toMatchObject({ ok: true, status: 'RINGING' });
  expect(await callee.accept(call.callId)).toMatchObject({ ok: true });
  expect(await callee.end(call.callId)).toMatchObject({ ok: true, status: 'ENDED' });
  await expectRead(caller, call, { what: 'ended', by: callee.userId });
  await expectOnlyRead(caller, call, [RINGING, { what: 'accepted', by: callee.userId }, { what: 'ended', by: callee.userId }]);
  await expectOnlyRead(callee, call, [INCOMING]);
});

/** What a callee may give as its reason, and what it means. */
const REJECTS: readonly (readonly [string | undefined, Reason, string?])[] = [
  [undefined, 'declined'],
  ['busy', 'busy'],
  ['User busy', 'busy'],
  ['declined', 'declined'],
  ['User declined', 'declined'],
  ['manual_reject', 'declined'],
  ['unavailable', 'unavailable'],
  ['no_response', 'unavailable'],
  ['User unavailable', 'unavailable'],
  ['offline', 'unavailable'],
  ['In a meeting', 'declined', 'In a meeting'],
];

everyPair('a call is rejected with each of the words of all dialects, and with a text', async (pair) => {
  await using phones = await connectTwo(patient, pair);
  const { caller, callee } = phones;
  for (const [given, reason, text] of REJECTS) {
    const call = await ring(phones);
    expect(await callee.reject(call.callId, given)).toEqual({ ok: true, callId: call.callId, status: 'REJECTED' });
    const rejected: News = { what: 'rejected', reason, ...(text === undefined ? {} : { text }) };
    await expectRead(caller, call, rejected);
    await expectOnlyRead(caller, call, [RINGING, rejected]);
    await expectOnlyRead(callee, call, [INCOMING]);
  }
});

everyPair('a call is cancelled, without a word and with one', async (pair) => {
  await using phones = await connectTwo(patient, pair);
  const { caller, callee } = phones;
  for (const text of [undefined, 'Caller ended call']) {
    const call = await ring(phones);
    expect(await caller.cancel(call.callId, text)).toEqual({ ok: true, callId: call.callId, status: 'CANCELLED' });
    const cancelled: News = { what: 'cancelled', by: caller.userId, reason: 'cancelled', ...(text === undefined ? {} : { text }) };
    await expectRead(callee, call, cancelled);
    await expectOnlyRead(caller, call, [RINGING]);
    await expectOnlyRead(callee, call, [INCOMING, cancelled]);
  }
});

everyPair('a call that nobody answers is missed', async (pair) => {
  await using phones = await connectTwo(patient, pair);
  const { caller, callee } = phones;
  const call = await ring(phones, { ringTimeoutSeconds: 5 });
  await expectRead(caller, call, { what: 'timeout_of_caller' });
  await expectRead(callee, call, { what: 'timeout_of_callee' });
  await expectOnlyRead(caller, call, [RINGING, { what: 'timeout_of_caller' }]);
  await expectOnlyRead(callee, call, [INCOMING, { what: 'timeout_of_callee' }]);
  expect(await callee.accept(call.callId)).toEqual({ ok: false, code: 'invalid_status', status: 'MISSED' });
});

everyPair('somebody who is called is busy', async (pair) => {
  await using phones = await connectTwo(patient, pair);
  const call = await ring(phones);
  const late = await phones.connect(pair[0], 0, `late-${randomUUID()}`);
  const callId = `call-${randomUUID()}`;
  expect(await late.place({ calleeId: call.calleeId, callId })).toEqual({ ok: true, callId, status: 'REJECTED' });
  const refused: Facts = { ...call, callId, callerId: late.userId };
  await expectRead(late, refused, { what: 'rejected', reason: 'busy' });
  await expectOnlyRead(late, refused, [{ what: 'rejected', reason: 'busy' }]);
  await expectOnlyRead(phones.callee, refused, []);
});

everyPair('two who ring each other are in one call, and both are told that it was accepted', async (pair) => {
  await using phones = await connectTwo(patient, pair);
  const { caller, callee } = phones;
  const call = await ring(phones, { channelId: 'room-2' });
  const alias = `call-${randomUUID()}`;
  const merged = await callee.place({ calleeId: caller.userId, callId: alias, channelId: 'room-3' });
  expect(merged).toEqual({ ok: true, callId: call.callId, status: 'CONNECTING' });
  await expectRead(caller, call, { what: 'accepted', by: callee.userId });
  await expectRead(callee, { ...call, callId: alias }, { what: 'accepted', by: caller.userId });
  expect(await callee.end(alias)).toMatchObject({ ok: true, status: 'ENDED' });
  await expectRead(caller, call, { what: 'ended', by: callee.userId });
});

everyPair('a call that has lasted as long as a call may is ended for both', async (pair) => {
  await using phones = await connectTwo(patient, pair);
  const { caller, callee } = phones;
  const call = await ring(phones);
  expect(await callee.accept(call.callId)).toMatchObject({ ok: true });
  const long = "UPDATE calls SET accepted_at = accepted_at - interval '5 hours', due_at = clock_timestamp() WHERE id = $1";
  await patient.database.query(long, [call.callId]);
  for (const side of [caller, callee]) {
    const { frame } = await expectRead(side, call, { what: 'ended_by_system', reason: 'max_duration' });
    expect((frame.body ?? frame.data ?? frame.payload).durationSeconds).toBeGreaterThanOrEqual(5 * 3600);
  }
});

everyPair('all devices of the callee ring, also in another dialect on another gateway; when one answers, the others stop', async (pair) => {
  await using phones = await connectTwo(patient, pair);
  const { caller, callee } = phones;
  const other = await phones.connect(dialectAfter(pair[1]), 0, callee.userId);
  const answered = await ring(phones);
  await expectRead(other, answered, INCOMING);
  expect(await callee.accept(answered.callId)).toMatchObject({ ok: true });
  await expectRead(other, answered, { what: 'cancelled', by: callee.userId, reason: 'answered_elsewhere' });
  expect(await other.accept(answered.callId)).toEqual({ ok: false, code: 'invalid_status', status: 'CONNECTING' });
  expect(await caller.end(answered.callId)).toMatchObject({ ok: true });
  await expectRead(callee, answered, { what: 'ended', by: caller.userId });
  await expectOnlyRead(callee, answered, [INCOMING, { what: 'ended', by: caller.userId }]);
  const declined = await ring(phones);
  await expectRead(other, declined, INCOMING);
  expect(await other.reject(declined.callId)).toMatchObject({ ok: true });
  await expectRead(callee, declined, { what: 'cancelled', by: callee.userId, reason: 'declined_elsewhere' });
  await expectRead(caller, declined, { what: 'rejected', reason: 'declined' });
  await expectOnlyRead(caller, declined, [RINGING, { what: 'rejected', reason: 'declined' }]);
  await expectOnlyRead(other, declined, [INCOMING]);
});

everyPair('other devices of who cancels or ends hear of it too', async (pair) => {
  await using phones = await connectTwo(patient, pair);
  const { caller, callee } = phones;
  const other = await phones.connect(dialectAfter(pair[0]), 1, caller.userId);
  const cancelled = await ring(phones);
  expect(await caller.cancel(cancelled.callId)).toMatchObject({ ok: true });
  await expectRead(other, cancelled, { what: 'cancelled', by: caller.userId, reason: 'cancelled' });
  const ended = await ring(phones);
  expect(await callee.accept(ended.callId)).toMatchObject({ ok: true });
  await expectRead(other, ended, { what: 'accepted', by: callee.userId });
  expect(await caller.end(ended.callId)).toMatchObject({ ok: true });
  await expectRead(other, ended, { what: 'ended', by: caller.userId });
});

everyPair('a device that comes while it rings rings too', async (pair) => {
  await using phones = await connectTwo(patient, pair);
  const { caller, callee } = phones;
  const call = await ring(phones);
  const late = await phones.connect(dialectAfter(pair[1]), 0, callee.userId);
  await expectRead(late, call, INCOMING);
  expect(await late.accept(call.callId)).toMatchObject({ ok: true });
  await expectRead(callee, call, { what: 'cancelled', by: callee.userId, reason: 'answered_elsewhere' });
  await expectRead(caller, call, { what: 'accepted', by: callee.userId });
});

const expectStopRecorded = (callId: string): Promise<void> =>
  isTrue(patient, 'the stop is recorded', "SELECT FROM call_trace WHERE call_id = $1 AND kind = 'stop_sent'", [callId]);

const expectGone = (userId: string): Promise<void> =>
  isTrue(patient, 'nobody is connected', 'SELECT WHERE NOT EXISTS (SELECT FROM sessions WHERE user_id = $1 AND closed_at IS NULL)', [
    userId,
  ]);

everyPair('who comes back is told what goes on, and once how it ended', async (pair) => {
  await using phones = await connectTwo(patient, pair);
  const { caller, callee } = phones;
  const [callerDevice, calleeDevice] = [caller.deviceId ?? '', callee.deviceId ?? ''];
  const call = await ring(phones);
  await callee[Symbol.asyncDispose]();
  const calleeAgain = await phones.connect(pair[1], 0, callee.userId, calleeDevice);
  await expectRead(calleeAgain, call, INCOMING);
  await caller[Symbol.asyncDispose]();
  expect(await calleeAgain.accept(call.callId)).toMatchObject({ ok: true });
  const callerAgain = await phones.connect(pair[0], 1, caller.userId, callerDevice);
  await expectRead(callerAgain, call, { what: 'accepted', by: callee.userId });
  await calleeAgain[Symbol.asyncDispose]();
  await expectGone(callee.userId);
  expect(await callerAgain.end(call.callId)).toMatchObject({ ok: true });
  const calleeBack = await phones.connect(pair[1], 1, callee.userId, calleeDevice);
  await expectRead(calleeBack, call, { what: 'ended', by: caller.userId });
  await expectOnlyRead(calleeBack, call, [{ what: 'ended', by: caller.userId }]);
  await expectStopRecorded(call.callId);
  const onceMore = await phones.connect(pair[1], 0, callee.userId, calleeDevice);
  await expectOnlyRead(onceMore, call, []);
});

everyPair('a caller who is gone past the grace has cancelled', async (pair) => {
  await using phones = await connectTwo(impatient, pair);
  const { caller, callee } = phones;
  const call = await ring(phones);
  await caller[Symbol.asyncDispose]();
  await expectRead(callee, call, { what: 'cancelled', by: 'system', reason: 'caller_lost' });
  await expectOnlyRead(callee, call, [INCOMING, { what: 'cancelled', by: 'system', reason: 'caller_lost' }]);
  expect(await stateOf(impatient, call.callId)).toBe('CANCELLED');
});

everyPair('a callee who is gone past the grace is offline, and is told so when it is back', async (pair) => {
  await using phones = await connectTwo(impatient, pair);
  const { caller, callee } = phones;
  const call = await ring(phones);
  await callee[Symbol.asyncDispose]();
  await expectRead(caller, call, { what: 'rejected', reason: 'offline' });
  await expectOnlyRead(caller, call, [RINGING, { what: 'rejected', reason: 'offline' }]);
  const back = await phones.connect(pair[1], 0, callee.userId, callee.deviceId ?? '');
  await expectRead(back, call, { what: 'cancelled', by: 'system', reason: 'offline' });
});

everyPair('a call that is accepted and never connects has failed', async (pair) => {
  await using phones = await connectTwo(impatient, pair);
  const { caller, callee } = phones;
  const call = await ring(phones);
  expect(await callee.accept(call.callId)).toMatchObject({ ok: true });
  for (const side of [caller, callee]) await expectRead(side, call, { what: 'ended_by_system', reason: 'connect_failed' });
  expect(await caller.end(call.callId)).toEqual({ ok: false, code: 'invalid_status', status: 'FAILED' });
  await expectOnlyRead(callee, call, [INCOMING, { what: 'ended_by_system', reason: 'connect_failed' }]);
});

describe.concurrent('a call that nobody can hear is rejected as offline', () => {
  it.each(DIALECTS)('%s rings nobody', async (dialect) => {
    const calleeId = `nobody-${randomUUID()}`;
    const callId = `call-${randomUUID()}`;
    await using caller = await impatient.phone(dialect, 0, `caller-${randomUUID()}`);
    expect(await caller.place({ calleeId, callId })).toMatchObject({ ok: true, status: 'INITIATING' });
    const call: Facts = {
      callId,
      callerId: caller.userId,
      calleeId,
      callerName: '',
      callerAvatar: null,
      callType: 'AUDIO',
      channelId: callId,
    };
    await expectRead(caller, call, { what: 'rejected', reason: 'offline' });
    await expectOnlyRead(caller, call, [{ what: 'rejected', reason: 'offline' }]);
  });
});
