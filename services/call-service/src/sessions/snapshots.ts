import {
  type CallEvent,
  type CallEventType,
  type CallState,
  eventId,
  isRinging,
  type OpenedSession,
  type Snapshot,
} from '@trunkline/contract';
import { CALL_COLUMNS } from '../calls/call-columns.ts';
import { type CallRecord, callOf, NOBODY } from '../calls/call-record.ts';
import { MIN_RING_MS } from '../calls/deadlines.ts';
import type { Database } from '../database/database.ts';

/** A call that is over says nothing to who was told so, or had no part in it: most of the last five minutes, which stay where they are. */
const SAYS_SOMETHING = `c.ended_at IS NULL OR NOT told."wasStopped" AND (told."wasRung" OR told."tookPart" OR connected."whileRinging" OR connected."asCaller")`;

/**
 * `$1`–`$3`: session, user and device of each viewer. One statement for however many connect at once, also where each of them has had a
 * hundred calls: what is behind `told` is looked up only where it matters.
 */
export const READ_CONCERNED = {
  name: 'read_snapshots',
  text: `WITH viewer AS (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS v (session_id, user_id, device_id)),
    concerned AS (
      SELECT v.*, c.* FROM viewer v JOIN calls c ON c.caller_id = v.user_id
        AND coalesce(c.ended_at, 'infinity') > statement_timestamp() - interval '5 minutes'
      UNION ALL
      SELECT v.*, c.* FROM viewer v JOIN calls c ON c.callee_id = v.user_id AND c.caller_id <> v.user_id AND NOT c.hidden_from_callee
        AND coalesce(c.ended_at, 'infinity') > statement_timestamp() - interval '5 minutes'
    )
    SELECT c.session_id AS "sessionId", c.user_id AS "userId", c.device_id AS "deviceId", ${CALL_COLUMNS},
      round(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now, told."wasHere",
      told."wasRung" OR connected."whileRinging" AS "wasRung", told."tookPart" OR connected."asCaller" AS "tookPart", told."wasStopped"
    FROM concerned c CROSS JOIN LATERAL (
      SELECT coalesce(bool_or(s.is_part AND t.session_id = c.session_id), false) AS "wasHere",
        coalesce(bool_or(t.kind = 'ring_sent' AND (c.device_id IS NULL OR t.device_id = c.device_id)
          OR s.is_push AND (c.device_id IS NULL OR t.device_id IS NULL OR t.device_id = c.device_id)), false) AS "wasRung",
        coalesce(bool_or(t.kind IN ('call_placed', 'call_accepted')
          AND (c.device_id IS NULL OR t.device_id IS NULL OR t.device_id = c.device_id)), false) AS "tookPart",
        coalesce(CASE WHEN bool_or(s.is_part AND t.session_id = c.session_id)
          THEN bool_or(s.is_stop AND (t.session_id = c.session_id OR (t.session_id IS NULL AND t.device_id = c.device_id)))
          ELSE bool_or(s.is_stop AND CASE WHEN c.device_id IS NULL THEN t.at >= coalesce(c.ended_at, '-infinity') ELSE t.device_id = c.device_id END)
          END, false) AS "wasStopped"
      FROM call_trace t CROSS JOIN LATERAL (
        SELECT t.kind IN ('ring_sent', 'call_placed', 'call_accepted') AS is_part,
          t.kind IN ('stop_sent', 'call_rejected', 'call_cancelled', 'call_ended') AS is_stop,
          t.kind = 'push_queued' AND t.detail->>'type' = 'incoming_call' AS is_push
      ) AS s WHERE t.call_id = c.id AND t.user_id = c.user_id
    ) AS told CROSS JOIN LATERAL (
      SELECT c.user_id = c.callee_id AND c.reason IS DISTINCT FROM 'busy' AND bool_or(s.opened_at < coalesce(c.accepted_at, 'infinity'))
          IS TRUE AS "whileRinging",
        c.user_id = c.caller_id AND count(*) > 0 AS "asCaller"
      FROM sessions s WHERE NOT told."wasStopped" AND s.user_id = c.user_id AND (c.device_id IS NULL OR s.device_id = c.device_id)
        AND s.hears = 'calls' AND s.id <> c.session_id
        AND s.opened_at < coalesce(c.ended_at, 'infinity') AND coalesce(s.closed_at, 'infinity') > c.created_at
    ) AS connected WHERE ${SAYS_SOMETHING} ORDER BY c.created_at, c.id`,
};

interface Viewer {
  sessionId: string;
  userId: string;
  deviceId: string | null;
  now: number;
  /** This very session was written a ring of this call, placed it or accepted it. It is judged by itself, not by its device. */
  wasHere: boolean;
  /** This device (or user, where devices have no names) was written a ring of this call, or may have got one: by push, or on a session whose gateway died before it said so. */
  wasRung: boolean;
  /** This device (or user) placed it or accepted it, or may have: where it was done without a name. Or it is another of the caller's, which was connected meanwhile. */
  tookPart: boolean;
  /**
   * It (the session that was there, else the device or the user) was told that its ring or call is over, or did that itself. Where devices
   * have no names, a ring that was stopped may have been another one's than the call's.
   */
  wasStopped: boolean;
}

export type ConcernedCall = CallRecord & Viewer;

const FINAL_EVENTS: Readonly<Record<Exclude<CallState, 'INITIATING' | 'RINGING' | 'CONNECTING' | 'ACTIVE'>, CallEventType>> = {
  ENDED: 'call_ended',
  REJECTED: 'call_rejected',
  CANCELLED: 'call_cancelled',
  MISSED: 'call_missed',
  FAILED: 'call_failed',
};

const ringingEvent = ({ userId, calleeId, state, ringDeadlineAt, now }: ConcernedCall): CallEventType | null => {
  if (userId === calleeId) return ringDeadlineAt - now >= MIN_RING_MS ? 'call_placed' : null;
  return state === 'RINGING' ? 'call_ringing' : null;
};

/** Whether this session, or the device that it belongs to, is known not to be the one that answered. */
const wasAnsweredElsewhere = ({ sessionId, deviceId, answeredBySession, answeredByDevice, wasHere }: ConcernedCall): boolean =>
  wasHere
    ? answeredBySession !== sessionId && (deviceId === null || deviceId !== answeredByDevice)
    : deviceId !== null && deviceId !== answeredByDevice;

/** A callee's phone that rang, did not answer and does not know that another one did. */
const mustStopRinging = (call: ConcernedCall): boolean =>
  call.userId === call.calleeId && call.acceptedAt !== null && wasAnsweredElsewhere(call) && call.wasRung && !call.wasStopped;

/** The callee's side of an accepted call: only a phone that must stop hears of it. */
const acceptedEvent = (call: ConcernedCall): CallEventType | null =>
  call.userId !== call.calleeId || mustStopRinging(call) ? 'call_accepted' : null;

const finalEvent = (state: keyof typeof FINAL_EVENTS, call: ConcernedCall): CallEventType | null => {
  // An end is told under the alias, which says nothing to who rang for the call's own id (glare).
  if (call.calleeAlias !== null && mustStopRinging(call)) return 'call_accepted';
  return (call.tookPart || call.wasRung) && !call.wasStopped ? FINAL_EVENTS[state] : null;
};

/** What a viewer that just came must be told of a call; null: nothing. */
const eventTypeFor = (call: ConcernedCall): CallEventType | null => {
  switch (call.state) {
    case 'INITIATING':
    case 'RINGING':
      return ringingEvent(call);
    case 'CONNECTING':
    case 'ACTIVE':
      return acceptedEvent(call);
    default:
      return finalEvent(call.state, call);
  }
};

const actorOf = (call: ConcernedCall): CallEvent['actor'] => {
  const endedByPerson = call.endedBy === call.callerId || call.endedBy === call.calleeId;
  const userId = call.endedAt === null ? (call.acceptedAt === null ? call.callerId : call.calleeId) : endedByPerson ? call.endedBy : null;
  return { ...NOBODY, userId: userId as CallEvent['actor']['userId'] };
};

/** When it happened. A ring begins again for who has just come, with the time that is left. */
const timeOf = ({ state, now, acceptedAt, endedAt }: ConcernedCall, type: CallEventType): number =>
  isRinging(state) ? now : ((type === 'call_accepted' ? acceptedAt : endedAt) ?? now);

const eventFor = (call: ConcernedCall, type: CallEventType): CallEvent => ({
  id: eventId(call.id, call.seq),
  type,
  at: timeOf(call, type),
  ringMsLeft: isRinging(call.state) ? Math.max(0, call.ringDeadlineAt - call.now) : 0,
  actor: actorOf(call),
  recipients: [call.callerId, call.calleeId],
  call: callOf(call),
});

/** The snapshot of each session, in the order in which they were given (invariant 7). */
export const readSnapshots = async (database: Database, sessions: readonly OpenedSession[]): Promise<Snapshot[]> => {
  const calls = await database.query<ConcernedCall>(READ_CONCERNED, [
    sessions.map(({ sessionId }) => sessionId),
    sessions.map(({ userId }) => userId),
    sessions.map(({ deviceId }) => deviceId),
  ]);
  const events = new Map<string, CallEvent[]>(sessions.map(({ sessionId }) => [sessionId, []]));
  for (const call of calls) {
    const type = eventTypeFor(call);
    if (type !== null) events.get(call.sessionId)?.push(eventFor(call, type));
  }
  return sessions.map(({ sessionId }) => ({ sessionId, events: events.get(sessionId) ?? [], refused: false }));
};
