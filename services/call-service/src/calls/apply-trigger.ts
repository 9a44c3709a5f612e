import {
  type CallEvent,
  type CallEventType,
  type CallHintType,
  type EndReason,
  type EventActor,
  eventId,
  isFinal,
  isRinging,
  SYSTEM,
  type UserId,
} from '@trunkline/contract';
import { type CallRecord, callOf, NOBODY, participantsOf, type TraceKind, type TraceRow } from './call-record.ts';
import { type Party, type Transition, type TransitionResult, type Trigger, transition } from './transitions.ts';
import type { ServerActing, World } from './world.ts';

/** What comes with a trigger: who pulled it, and what they said. */
export interface Cause {
  party: Party;
  actor: EventActor;
  commandId: string | null;
  reason?: EndReason;
  reasonText?: string | undefined;
  detail?: TraceRow['detail'];
  /** Where it was not the person, but the app's backend in the person's place. */
  server?: ServerActing | undefined;
  /** An accept that nobody gave: both had placed. */
  merged?: true;
}

export const BY_SYSTEM: Cause = { party: 'system', actor: NOBODY, commandId: null };

const detailOf = ({ detail = null, server }: Cause): TraceRow['detail'] => {
  if (server === undefined) return detail;
  return { ...detail, by: `server:${server.keyName}`, ...(server.note === null ? {} : { reason: server.note }) };
};

export const addTrace = (world: World, call: CallRecord, kind: TraceKind, cause: Cause): void => {
  const { userId, deviceId, sessionId } = cause.actor;
  world.traces.push({
    callId: call.id,
    at: world.now,
    kind,
    userId,
    deviceId,
    sessionId,
    commandId: cause.commandId,
    detail: detailOf(cause),
  });
};

const eventNow = (
  world: World,
  call: CallRecord,
  { id, type, actor, recipients }: Pick<CallEvent, 'id' | 'type' | 'actor' | 'recipients'>,
): CallEvent => {
  const ringMsLeft = isRinging(call.state) ? Math.max(0, call.ringDeadlineAt - world.now) : 0;
  return { id, type, at: world.now, ringMsLeft, actor, recipients, call: callOf(call) };
};

/** Of what happened, those whom any dialect tells of it: a caller knows that it placed, and that media flows, both see. */
const HEARD_BY: Partial<Record<CallEventType, (call: CallRecord) => UserId[]>> = {
  call_placed: (call) => (call.hiddenFromCallee ? [] : [call.calleeId]),
  call_connected: () => [],
};

/** Tells `recipients`, where none are named those whom it concerns, of the call as it is now. */
export const addEvent = (
  world: World,
  call: CallRecord,
  type: CallEvent['type'],
  actor: EventActor,
  recipients: UserId[] = (HEARD_BY[type] ?? participantsOf)(call),
  details: Pick<CallEvent, 'merged'> = {},
): void => {
  const event = eventNow(world, call, { id: eventId(call.id, call.seq), type, actor, recipients });
  world.events.push(Object.assign(event, details));
};

/** Tells `recipients` something that is no step of the call's life: it repeats the sequence number, and may be lost. */
export const addHint = (
  world: World,
  call: CallRecord,
  type: CallHintType,
  actor: EventActor,
  recipients: UserId[],
  details: Pick<CallEvent, 'quality' | 'signal'> = {},
): void => {
  const id = `${eventId(call.id, call.seq)}.${type}.${world.now}`;
  world.hints.push(Object.assign(eventNow(world, call, { id, type, actor, recipients }), details));
};

const endCall = (world: World, call: CallRecord, { reason }: Transition, cause: Cause): void => {
  call.endedAt = world.now;
  call.endedBy = cause.party === 'system' ? SYSTEM : cause.actor.userId;
  call.reason = (reason === 'given' ? cause.reason : reason) ?? null;
  call.reasonText = cause.reasonText ?? null;
};

const noteAnswer = (call: CallRecord, trigger: Trigger, { actor }: Cause): void => {
  if (trigger !== 'accept' && trigger !== 'reject') return;
  call.answeredByDevice = actor.deviceId;
  call.answeredBySession = actor.sessionId;
};

const enter = (world: World, call: CallRecord, trigger: Trigger, found: Transition, cause: Cause): void => {
  if (found.event === null) return;
  call.state = found.to;
  call.seq += 1;
  call.updatedAt = world.now;
  if (found.stamp !== undefined) call[found.stamp] = world.now;
  if (isFinal(found.to)) endCall(world, call, found, cause);
  noteAnswer(call, trigger, cause);
  world.changed(call);
  addTrace(world, call, found.event, cause);
  addEvent(world, call, found.event, cause.actor, undefined, cause.merged === true ? { merged: true } : {});
};

/** The one function that changes a call's state. */
export const applyTrigger = (world: World, call: CallRecord, trigger: Trigger, cause: Cause): TransitionResult => {
  const result = transition(call.state, trigger, cause.party);
  if (result.ok) enter(world, call, trigger, result.transition, cause);
  return result;
};

/** Does first what the call's own deadlines ask for: past a deadline, it applies before anything else (invariant 5). */
export const settleDeadlines = (world: World, call: CallRecord): void => {
  for (let due = world.nextDeadline(call); due !== null && due.at <= world.now; due = world.nextDeadline(call)) {
    if (!applyTrigger(world, call, due.trigger, BY_SYSTEM).ok) return;
  }
};
