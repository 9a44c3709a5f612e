import {
  type CallId,
  type CallState,
  type CommandReply,
  isRinging,
  RESERVED_CALL_IDS,
  refusal,
  SYSTEM,
  type UserId,
} from '@trunkline/contract';
import { bodyHash, commandKey } from './answer-key.ts';
import { addEvent, addTrace, applyTrigger, type Cause, settleDeadlines } from './apply-trigger.ts';
import { type CallRecord, callOf, NOBODY, type TraceRow } from './call-record.ts';
import type { DecidedEnvelope, World } from './world.ts';

export type PlaceEnvelope = DecidedEnvelope & { command: Extract<DecidedEnvelope['command'], { type: 'place_call' }> };

const refused = (...args: Parameters<typeof refusal>): CommandReply => ({ ok: false, error: refusal(...args) });
const placed = (call: CallRecord): CommandReply => ({ ok: true, call: callOf(call) });

const isSameCall = (call: CallRecord, { actor, command }: PlaceEnvelope, id: CallId): boolean =>
  call.id === id &&
  call.callerId === actor.userId &&
  call.calleeId === command.calleeId &&
  call.callType === command.callType &&
  (command.channelId === undefined || call.channelId === command.channelId);

/** The call that this person already had merged into another's under the same id. */
const isOwnAlias = (call: CallRecord, { actor, command }: PlaceEnvelope): boolean =>
  call.calleeAlias === command.callId && call.calleeId === actor.userId && call.callerId === command.calleeId;

/** What the id that came with the command is already used for; null where it is free. */
const replyForUsedId = (world: World, envelope: PlaceEnvelope, id: CallId): CommandReply | null => {
  if (RESERVED_CALL_IDS.has(id)) return refused('conflict', { callId: id, message: 'This word cannot be a call id' });
  const used = world.find(id);
  if (used === undefined) return null;
  settleDeadlines(world, used);
  return isSameCall(used, envelope, id) || isOwnAlias(used, envelope) ? placed(used) : refused('conflict', { callId: id });
};

const newRecord = (world: World, { actor, command, screening }: PlaceEnvelope, id: CallId, state: CallState): CallRecord => {
  const ringTimeoutSeconds = command.ringTimeoutSeconds ?? world.policy.ringTimeoutSeconds;
  const hiddenFromCallee = screening === 'silence' || world.hasBlocked(command.calleeId, actor.userId);
  const isAbsent = actor.sessionId !== null && !world.presentUsers.has(actor.userId);
  return {
    id,
    callerId: actor.userId,
    callerName: actor.name,
    callerAvatar: actor.avatar,
    calleeId: command.calleeId,
    calleeAlias: null,
    callType: command.callType,
    channelId: command.channelId ?? id,
    state,
    seq: 1,
    reason: null,
    reasonText: null,
    endedBy: null,
    answeredByDevice: null,
    answeredBySession: null,
    createdAt: world.now,
    updatedAt: world.now,
    ringDeadlineAt: world.now + ringTimeoutSeconds * 1000,
    acceptedAt: null,
    endedAt: null,
    ringTimeoutSeconds,
    reachedAt: null,
    connectedAt: null,
    callerAbsentAt: isAbsent ? world.now : null,
    calleeAbsentAt: null,
    hiddenFromCallee,
    unreachableSince: hiddenFromCallee ? world.now : null,
  };
};

const bySystem = ({ commandId }: Cause, detail: TraceRow['detail']): Cause => ({ party: 'system', actor: NOBODY, commandId, detail });

const startRinging = (world: World, envelope: PlaceEnvelope, id: CallId, cause: Cause): CommandReply => {
  const call = newRecord(world, envelope, id, 'INITIATING');
  world.insert(call);
  addTrace(world, call, 'call_placed', cause);
  addEvent(world, call, 'call_placed', cause.actor);
  if (call.hiddenFromCallee)
    addTrace(world, call, 'blocked', bySystem(cause, envelope.screening === 'silence' ? { by: 'pre_ring_hook' } : null));
  return placed(call);
};

/** The callee hears nothing of it: only the caller is told. */
const refuseAsBusy = (world: World, envelope: PlaceEnvelope, id: CallId, cause: Cause): CommandReply => {
  const call = { ...newRecord(world, envelope, id, 'REJECTED'), reason: 'busy' as const, endedBy: SYSTEM, endedAt: world.now };
  world.insert(call);
  addTrace(world, call, 'call_placed', cause);
  addTrace(world, call, 'call_rejected', bySystem(cause, { reason: 'busy' }));
  addEvent(world, call, 'call_rejected', NOBODY, [call.callerId]);
  return placed(call);
};

/** Glare: each rings the other. The second place is the acceptance of the first call. */
const acceptInstead = (world: World, envelope: PlaceEnvelope, first: CallRecord, cause: Cause): CommandReply => {
  if (envelope.command.callId !== undefined) world.giveAlias(first, envelope.command.callId);
  if (envelope.command.callType === 'AUDIO') first.callType = 'AUDIO';
  addTrace(world, first, 'glare_merged', cause);
  applyTrigger(world, first, 'accept', { ...cause, party: 'callee', merged: true });
  const reply = placed(first);
  world.newAnswers.set(commandKey(envelope), { bodyHash: bodyHash(envelope), reply });
  return reply;
};

const liveCallsOf = (world: World, userId: UserId): CallRecord[] => {
  for (const call of world.liveCallsOf(userId)) settleDeadlines(world, call);
  return world.liveCallsOf(userId);
};

/** Decides a place: refused, rung, busy at once, or merged into the call that the callee is placing to the caller. */
export const placeCall = (world: World, envelope: PlaceEnvelope, cause: Cause): CommandReply => {
  const { actor, command, mintedCallId, screening } = envelope;
  const id = command.callId ?? mintedCallId;
  if (id === null) return refused('parse_error', { message: 'A place needs a call id' });
  const earlier = world.answerFor(commandKey(envelope))?.reply ?? replyForUsedId(world, envelope, id);
  if (earlier !== null) return earlier;
  const callId = command.callId;
  if (typeof screening === 'object') return refused('unauthorized', { callId, message: screening.deny });
  if (command.calleeId === actor.userId) return refused('invalid_status', { callId, message: 'You cannot call yourself' });
  const ownCalls = liveCallsOf(world, actor.userId);
  const outgoing = ownCalls.find((call) => call.callerId === actor.userId);
  if (outgoing !== undefined)
    return refused('invalid_status', { callId, message: 'You already have an outgoing call', status: outgoing.state });
  if (screening === 'silence' || world.hasBlocked(command.calleeId, actor.userId)) return startRinging(world, envelope, id, cause);
  const glaring = ownCalls.find((call) => call.callerId === command.calleeId && isRinging(call.state));
  if (glaring !== undefined) return acceptInstead(world, envelope, glaring, cause);
  const isBusy = world.policy.busyPolicy === 'reject' && liveCallsOf(world, command.calleeId).length > 0;
  return isBusy ? refuseAsBusy(world, envelope, id, cause) : startRinging(world, envelope, id, cause);
};
