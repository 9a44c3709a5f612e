import { Call, type CallEvent, type EventActor, eventId, UserId } from '@trunkline/contract';

export const ANA = UserId.parse('ana');
export const BEN = UserId.parse('ben');
export const PLACED_AT = 1_700_000_000_000;

export const SYSTEM_ACTOR: EventActor = { userId: null, deviceId: null, sessionId: null };

/** Ana's call to Ben. */
export const aCall = (changes: Partial<Call> = {}): Call => ({
  ...Call.parse({
    id: 'CALL_1',
    callerId: ANA,
    callerName: 'Ana',
    callerAvatar: null,
    calleeId: BEN,
    calleeAlias: null,
    callType: 'VIDEO',
    channelId: 'room',
    state: 'RINGING',
    seq: 1,
    reason: null,
    reasonText: null,
    endedBy: null,
    answeredByDevice: null,
    answeredBySession: null,
    createdAt: PLACED_AT,
    updatedAt: PLACED_AT,
    ringDeadlineAt: PLACED_AT + 60_000,
    acceptedAt: null,
    endedAt: null,
  }),
  ...changes,
});

export const aCallEvent = (changes: Partial<CallEvent> = {}): CallEvent => {
  const call = changes.call ?? aCall();
  return {
    id: eventId(call.id, call.seq),
    type: 'call_placed',
    at: PLACED_AT,
    ringMsLeft: 0,
    actor: SYSTEM_ACTOR,
    recipients: [ANA, BEN],
    call,
    ...changes,
  };
};
