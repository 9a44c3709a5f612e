import { type CommandEnvelope, type CommandReply, type EndReason, isRinging, refusal } from '@trunkline/contract';
import { answerKey, bodyHash } from './answer-key.ts';
import { addTrace, applyTrigger, BY_SYSTEM, type Cause, settleDeadlines } from './apply-trigger.ts';
import { type CallRecord, callOf, type TraceRow } from './call-record.ts';
import { type PlaceEnvelope, placeCall } from './place.ts';
import type { Party, Trigger } from './transitions.ts';
import { type CallPolicy, type Input, type Loaded, type Outcome, World } from './world.ts';

type CallCommand = Exclude<CommandEnvelope['command'], { type: 'place_call' }>;
type SetStatus = Extract<CallCommand, { type: 'set_status' }>;

const partyOf = (call: CallRecord, userId: string): 'caller' | 'callee' | null => {
  if (userId === call.callerId) return 'caller';
  return userId === call.calleeId && !call.hiddenFromCallee ? 'callee' : null;
};

const TRIGGER_FOR: Readonly<Record<Exclude<CallCommand, SetStatus>['type'], Trigger>> = {
  acknowledge_ring: 'reached',
  accept_call: 'accept',
  reject_call: 'reject',
  cancel_call: 'cancel',
  end_call: 'end',
  report_connected: 'connected',
};

const TRIGGER_FOR_STATUS: Readonly<Record<SetStatus['status'], Trigger>> = { CONNECTING: 'accept', ACTIVE: 'connected', ENDED: 'end' };

/** What a command means for the call as it stands: some apps have one button for cancel, reject and end. */
const triggerFor = (command: CallCommand, call: CallRecord, party: Party, wantsAnswer: boolean): Trigger => {
  if (command.type === 'end_call' && command.whileRinging === 'cancel_or_reject' && isRinging(call.state)) {
    return party === 'caller' ? 'cancel' : 'reject';
  }
  // The caller hangs up and does not know yet that the other side has accepted.
  if (command.type === 'cancel_call' && call.state === 'CONNECTING' && party === 'caller' && !wantsAnswer) return 'end';
  return command.type === 'set_status' ? TRIGGER_FOR_STATUS[command.status] : TRIGGER_FOR[command.type];
};

const reasonOf = (command: CallCommand): EndReason => (command.type === 'reject_call' ? command.reason : 'declined');

const textOf = (command: CallCommand): string | undefined => ('reasonText' in command ? command.reasonText : undefined);

const detailOf = (command: CallCommand): TraceRow['detail'] =>
  command.type === 'end_call' && command.claimedDurationSeconds !== undefined
    ? { claimedDurationSeconds: command.claimedDurationSeconds }
    : null;

const refused = (...args: Parameters<typeof refusal>): CommandReply => ({ ok: false, error: refusal(...args) });

/** A person who acts without a session is not known to be gone, whatever their closed sessions said (invariant 13). */
const noteActing = (world: World, call: CallRecord, party: Party, sessionId: string | null): void => {
  const mark = party === 'caller' ? 'callerAbsentAt' : 'calleeAbsentAt';
  if (sessionId !== null || call[mark] === null) return;
  call[mark] = null;
  world.changed(call);
};

const actOnCall = (world: World, envelope: CommandEnvelope, command: CallCommand, cause: Omit<Cause, 'party'>): CommandReply => {
  const callId = command.callId;
  const call = world.find(callId);
  if (call === undefined) return refused('call_not_found', { callId });
  const party = partyOf(call, envelope.actor.userId);
  if (party === null) return refused('unauthorized', { callId, message: 'User is not a participant of this call' });
  if (world.doneCommands.get(envelope.commandId) === call.id) return { ok: true, call: callOf(call) };
  settleDeadlines(world, call);
  if (command.type === 'set_status' && command.status === call.state) return { ok: true, call: callOf(call) };
  const trigger = triggerFor(command, call, party, envelope.wantsAnswer);
  const result = applyTrigger(world, call, trigger, {
    ...cause,
    party,
    reason: reasonOf(command),
    reasonText: textOf(command),
    detail: detailOf(command),
  });
  if (!result.ok && result.code === 'unauthorized') {
    return refused('unauthorized', { callId, message: `User is not the ${party === 'caller' ? 'callee' : 'caller'} of this call` });
  }
  if (!result.ok) return refused('invalid_status', { callId, message: `The call is ${call.state}`, status: call.state });
  if (command.type === 'acknowledge_ring') addTrace(world, call, 'ring_acknowledged', { ...cause, party });
  noteActing(world, call, party, envelope.actor.sessionId);
  return { ok: true, call: callOf(call) };
};

const isPlace = (envelope: CommandEnvelope): envelope is PlaceEnvelope => envelope.command.type === 'place_call';

const decideCommand = (world: World, envelope: CommandEnvelope): CommandReply => {
  const { userId, deviceId, sessionId } = envelope.actor;
  const cause = { actor: { userId, deviceId, sessionId }, commandId: envelope.commandId };
  if (isPlace(envelope)) return placeCall(world, envelope, { ...cause, party: 'caller' });
  return actOnCall(world, envelope, envelope.command as CallCommand, cause);
};

/** Gives the first answer again to a command that was decided before, and keeps the answer to one that was not. */
const decideOnce = (world: World, envelope: CommandEnvelope): CommandReply => {
  const key = answerKey(envelope);
  if (key === null) return decideCommand(world, envelope);
  const hash = bodyHash(envelope);
  const earlier = world.answerFor(key);
  if (earlier !== undefined && earlier.bodyHash !== hash)
    return refused('conflict', { message: 'This request id came with another body before' });
  if (earlier !== undefined && earlier.reply !== null) return earlier.reply;
  const reply = decideCommand(world, envelope);
  world.newAnswers.set(key, { bodyHash: hash, reply });
  return reply;
};

const noteRung = (world: World, { delivery }: Extract<Input, { kind: 'rung' }>): void => {
  const call = world.find(delivery.callId);
  if (call === undefined) return;
  const { userId, deviceId, sessionId } = delivery;
  const cause: Cause = { party: 'system', actor: { userId, deviceId, sessionId }, commandId: null };
  addTrace(world, call, 'ring_sent', cause);
  settleDeadlines(world, call);
  applyTrigger(world, call, 'reached', BY_SYSTEM);
};

const noteNobodyHeard = (world: World, call: CallRecord): void => {
  if (call.state !== 'INITIATING' || call.unreachableSince !== null) return;
  call.unreachableSince = world.now;
  world.changed(call);
  addTrace(world, call, 'nobody_heard', BY_SYSTEM);
};

const SIDES = {
  caller: { mark: 'callerAbsentAt', trace: 'caller_absent' },
  callee: { mark: 'calleeAbsentAt', trace: 'callee_absent' },
} as const;

/** Only of a person whose session opened or closed is presence or absence known (invariant 13). */
const notePresence = (world: World, call: CallRecord, userId: string): void => {
  const party = partyOf(call, userId);
  if (party === null || call.endedAt !== null) return;
  const { mark, trace } = SIDES[party];
  const isPresent = world.presentUsers.has(userId);
  if (isPresent === (call[mark] === null)) return;
  call[mark] = isPresent ? null : world.now;
  world.changed(call);
  if (!isPresent) addTrace(world, call, trace, BY_SYSTEM);
};

const decideInput = (world: World, input: Input): CommandReply | null => {
  if (input.kind === 'command') return decideOnce(world, input.envelope);
  if (input.kind === 'rung') {
    noteRung(world, input);
    return null;
  }
  const call = world.find(input.callId);
  if (call === undefined) return null;
  settleDeadlines(world, call);
  if (input.kind === 'nobody_heard') noteNobodyHeard(world, call);
  if (input.kind === 'presence') notePresence(world, call, input.userId);
  return null;
};

/** Decides a batch in the order of its arrival: pure, but for the records of `loaded`, which it changes in place. */
export const decide = (inputs: readonly Input[], loaded: Loaded, policy: CallPolicy): Outcome => {
  const world = new World(loaded, policy);
  const replies = inputs.map((input) => decideInput(world, input));
  return {
    replies,
    inserted: world.inserted,
    updated: world.updated,
    events: world.events,
    traces: world.traces,
    answers: world.newAnswers,
  };
};
