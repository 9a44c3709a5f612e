import type { Call, CallEventType, EventActor, UserId } from '@trunkline/contract';

/** A call as call-service keeps it: what events carry, and what only the rules need. Times are epoch milliseconds. */
export interface CallRecord extends Call {
  ringTimeoutSeconds: number;
  reachedAt: number | null;
  connectedAt: number | null;
  /** Since when a side is known to have no session (invariant 13); null while it has one, or never had. */
  callerAbsentAt: number | null;
  calleeAbsentAt: number | null;
  /** The callee has blocked the caller: nothing of this call reaches the callee, and the caller meets somebody who is not there. */
  hiddenFromCallee: boolean;
  /** When Redis first answered that nobody heard the ring. */
  unreachableSince: number | null;
}

/** The part of a record that events carry. */
export const callOf = (record: CallRecord): Call => ({
  id: record.id,
  callerId: record.callerId,
  callerName: record.callerName,
  callerAvatar: record.callerAvatar,
  calleeId: record.calleeId,
  calleeAlias: record.calleeAlias,
  callType: record.callType,
  channelId: record.channelId,
  state: record.state,
  seq: record.seq,
  reason: record.reason,
  reasonText: record.reasonText,
  endedBy: record.endedBy,
  answeredByDevice: record.answeredByDevice,
  answeredBySession: record.answeredBySession,
  createdAt: record.createdAt,
  updatedAt: record.updatedAt,
  ringDeadlineAt: record.ringDeadlineAt,
  acceptedAt: record.acceptedAt,
  endedAt: record.endedAt,
});

/** Those who take part in a call, and know of it. */
export const participantsOf = ({ callerId, calleeId, hiddenFromCallee }: CallRecord): UserId[] =>
  hiddenFromCallee ? [callerId] : [callerId, calleeId];

/** On which side of the call a user is; null for a stranger. */
export const partyOf = (call: CallRecord, userId: string): 'caller' | 'callee' | null => {
  if (userId === call.callerId) return 'caller';
  return userId === call.calleeId && !call.hiddenFromCallee ? 'callee' : null;
};

export const NOBODY: EventActor = { userId: null, deviceId: null, sessionId: null };

/** One line of a call's trace: what happened, when, and on which device. */
export interface TraceRow {
  callId: string;
  at: number;
  kind: TraceKind;
  userId: string | null;
  deviceId: string | null;
  sessionId: string | null;
  commandId: string | null;
  detail: Readonly<Record<string, string | number>> | null;
}

/**
 * `ring_sent`: a gateway wrote it to the session's socket; `stop_sent`: likewise, and the client showed that it came. `push_…`: what became
 * of a push to one of the callee's targets; delayed, it is tried again; dropped, it had become needless. docs/operations.md tells of each.
 */
export type TraceKind =
  | CallEventType
  | 'ring_sent'
  | 'ring_acknowledged'
  | 'stop_sent'
  | 'nobody_heard'
  | 'caller_absent'
  | 'callee_absent'
  | 'glare_merged'
  | 'push_queued'
  | 'push_accepted'
  | 'push_delayed'
  | 'push_failed'
  | 'push_dropped'
  | 'blocked';
