import type { DialectName, Heard, HeardKind, Phone } from '@trunkline/testing';
import { expect } from 'vitest';
import { anIsoTime, expectLiteral } from './literal.ts';

// What each dialect's phones must read, as DESIGN's tables and the apps' own specifications say it: written down here a
// second time, so that the product's own tables are not their own judge.

/** What the frames of one call tell of it, in whatever words. */
export interface Facts {
  /** As the reader knows it. */
  callId: string;
  callerId: string;
  calleeId: string;
  callerName: string;
  callerAvatar: string | null;
  callType: 'AUDIO' | 'VIDEO';
  channelId: string;
}

type Wire = 'onlycare' | 'chattrix' | 'otomo';

const WIRE: Readonly<Record<DialectName, Wire>> = {
  onlycare: 'onlycare',
  'chattrix-ws': 'chattrix',
  'chattrix-rest': 'chattrix',
  otomo: 'otomo',
};

/** Why a ring is over, in each dialect's words. */
const REASONS = {
  busy: { onlycare: 'User busy', chattrix: 'busy', otomo: 'busy' },
  declined: { onlycare: 'User declined', chattrix: 'declined', otomo: 'manual_reject' },
  unavailable: { onlycare: 'User unavailable', chattrix: 'unavailable', otomo: 'offline' },
  offline: { onlycare: 'User offline', chattrix: 'unavailable', otomo: 'offline' },
  cancelled: { onlycare: 'Caller cancelled', chattrix: 'cancelled', otomo: 'cancelled' },
  caller_lost: { onlycare: 'Caller cancelled', chattrix: 'cancelled', otomo: 'cancelled' },
  answered_elsewhere: { onlycare: 'answered_elsewhere', chattrix: 'answered_elsewhere', otomo: 'answered_elsewhere' },
  declined_elsewhere: { onlycare: 'declined_elsewhere', chattrix: 'declined_elsewhere', otomo: 'declined_elsewhere' },
} as const;
export type Reason = keyof typeof REASONS;

/** What a phone is told. `text`: what a person gave as reason in words of its own. */
export type News =
  | { what: 'incoming' | 'ringing' | 'timeout_of_caller' | 'timeout_of_callee' }
  | { what: 'accepted'; by: string }
  | { what: 'rejected'; reason: Reason; text?: string }
  | { what: 'cancelled'; by: string; reason: Reason; text?: string }
  | { what: 'signal'; signal: object }
  | { what: 'ended'; by: string }
  | { what: 'ended_by_system'; reason: 'connect_failed' | 'lost' | 'max_duration' };

type Read = readonly [HeardKind, unknown];

const anEpochTime = expect.any(Number);
const seconds = expect.any(Number);

const onlycare = (facts: Facts, news: News): Read => {
  const { callId } = facts;
  const read = (kind: HeardKind, fields: object): Read => [
    kind,
    { name: `call:${kind}`, body: { callId, ...fields, timestamp: anEpochTime } },
  ];
  const reasonOf = (reason: Reason, text: string | undefined): string => text ?? REASONS[reason].onlycare;
  switch (news.what) {
    case 'incoming': {
      const { callerId, callerName, callerAvatar, callType, channelId } = facts;
      const body = { callId, callerId, callerName, callerAvatar, callType, channelId, timestamp: anEpochTime, expiresAt: anEpochTime };
      return ['incoming', { name: 'call:incoming', body }];
    }
    case 'ringing':
      return ['ringing', { name: 'call:ringing', body: { callId } }];
    case 'accepted':
      return read('accepted', { acceptedBy: news.by, channelId: facts.channelId });
    case 'rejected':
      return read('rejected', { reason: reasonOf(news.reason, news.text) });
    case 'cancelled':
      return read('cancelled', { reason: reasonOf(news.reason, news.text) });
    case 'timeout_of_caller':
      return read('timeout', { reason: 'No answer' });
    case 'timeout_of_callee':
      return read('cancelled', { reason: 'No answer' });
    case 'signal':
      return ['signal', { name: 'call:signal', body: { callId, signal: news.signal } }];
    case 'ended':
      return read('ended', { endedBy: news.by, reason: 'Call ended', durationSeconds: seconds });
    case 'ended_by_system':
      return read('ended', { endedBy: 'system', reason: news.reason, durationSeconds: seconds });
  }
};

const chattrix = (facts: Facts, news: News): Read => {
  const { callId } = facts;
  const read = (kind: HeardKind, type: string, fields: object): Read => [kind, { type, data: { callId, ...fields }, timestamp: anIsoTime }];
  switch (news.what) {
    case 'incoming': {
      const { channelId, callerId, callerName, callerAvatar, callType } = facts;
      return read('incoming', 'call_invitation', { channelId, callerId, callerName, callerAvatar, callType });
    }
    case 'ringing':
      return read('ringing', 'call_ringing', {});
    case 'accepted':
      return read('accepted', 'call_accepted', { acceptedBy: news.by });
    case 'rejected':
      return read('rejected', 'call_rejected', { rejectedBy: facts.calleeId, reason: REASONS[news.reason].chattrix });
    case 'cancelled':
      return read('cancelled', 'call_cancelled', { cancelledBy: news.by, reason: REASONS[news.reason].chattrix });
    case 'timeout_of_caller':
    case 'timeout_of_callee':
      return read('timeout', 'call_timeout', {});
    case 'signal':
      return read('signal', 'call_signal', { signal: news.signal });
    case 'ended':
      return read('ended', 'call_ended', { endedBy: news.by, durationSeconds: seconds });
    case 'ended_by_system':
      return read('ended', 'call_ended', { endedBy: 'system', durationSeconds: seconds, reason: news.reason });
  }
};

const otomo = (facts: Facts, news: News): Read => {
  const { callId, calleeId: otomoId } = facts;
  const read = (kind: HeardKind, type: string, fields: object): Read => [
    kind,
    { type, payload: { callId, ...fields, timestamp: anIsoTime } },
  ];
  switch (news.what) {
    case 'incoming': {
      const { callerId: userId, callerName: userName, callType } = facts;
      const payload = { callId, userId, userName, callType, timestamp: anIsoTime, expiresAt: anIsoTime };
      return ['incoming', { type: 'call_request', payload }];
    }
    case 'ringing':
      return read('ringing', 'call_ringing', { otomoId });
    case 'accepted':
      return read('accepted', 'call_accepted', { otomoId: news.by });
    case 'rejected':
      return read('rejected', 'call_rejected', { otomoId, reason: REASONS[news.reason].otomo });
    case 'cancelled':
      return read('cancelled', 'call_cancelled', { reason: REASONS[news.reason].otomo });
    case 'timeout_of_caller':
      return read('rejected', 'call_rejected', { otomoId, reason: 'no_response' });
    case 'timeout_of_callee':
      return read('cancelled', 'call_cancelled', { reason: 'no_response' });
    case 'signal':
      return ['signal', { type: 'call_signal', payload: { callId, signal: news.signal } }];
    case 'ended':
      return read('ended', 'call_ended', { endedBy: news.by, durationSeconds: seconds });
    case 'ended_by_system':
      return read('ended', 'call_ended', { endedBy: 'system', durationSeconds: seconds, reason: news.reason });
  }
};

const READ: Readonly<Record<Wire, (facts: Facts, news: News) => Read>> = { onlycare, chattrix, otomo };

/** Waits until the phone has read the news in its own words, key by key. */
export const expectRead = async (phone: Phone, facts: Facts, news: News): Promise<Heard> => {
  const [kind, frame] = READ[WIRE[phone.dialect]](facts, news);
  const heard = await phone.hears(kind, facts.callId);
  expectLiteral(heard.frame, frame);
  return heard;
};

/** The frames by which a phone of that dialect is told the news, one after another. */
export const framesOf = (dialect: DialectName, facts: Facts, story: readonly News[]): unknown[] =>
  story.map((news) => READ[WIRE[dialect]](facts, news)[1]);

/** Expects that this news, in this order, is all that the phone has read of the call. */
export const expectOnlyRead = async (phone: Phone, facts: Facts, story: readonly News[]): Promise<void> => {
  // Whatever was on its way has come when a later question has been answered.
  expect(await phone.acknowledge('a-round-trip')).toMatchObject({ code: 'call_not_found' });
  expectLiteral(
    phone.heard.filter(({ callId }) => callId === facts.callId).map(({ frame }) => frame),
    framesOf(phone.dialect, facts, story),
  );
};
