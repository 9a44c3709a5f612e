import { type CommandReply, cancelTextOf, type EndReason, isRinging, refusal, rejectReasonOf } from '@trunkline/contract';
import { addHint, addTrace, applyTrigger, type Cause, settleDeadlines } from './apply-trigger.ts';
import { type CallRecord, callOf, partyOf, type TraceRow } from './call-record.ts';
import type { Trigger } from './transitions.ts';
import type { DecidedEnvelope, World } from './world.ts';

type CallCommand = Exclude<DecidedEnvelope['command'], { type: 'place_call' }>;
type SetStatus = Extract<CallCommand, { type: 'set_status' }>;
type ReportQuality = Extract<CallCommand, { type: 'report_quality' }>;
type RelaySignal = Extract<CallCommand, { type: 'relay_signal' }>;
/** What one side has passed on to the other. */
type PassedOn = ReportQuality | RelaySignal;
/** The commands that move a call. */
type MovingCommand = Exclude<CallCommand, PassedOn>;

export type ActEnvelope = DecidedEnvelope & { command: CallCommand };

type Participant = 'caller' | 'callee';

const TRIGGER_FOR: Readonly<Record<Exclude<MovingCommand, SetStatus>['type'], Trigger>> = {
  acknowledge_ring: 'reached',
  accept_call: 'accept',
  reject_call: 'reject',
  cancel_call: 'cancel',
  end_call: 'end',
  report_connected: 'connected',
};

const TRIGGER_FOR_STATUS: Readonly<Record<SetStatus['status'], Trigger>> = { CONNECTING: 'accept', ACTIVE: 'connected', ENDED: 'end' };

/** What a command means for the call as it stands: some apps have one button for cancel, reject and end. */
const triggerFor = (command: MovingCommand, call: CallRecord, party: Participant, wantsAnswer: boolean): Trigger => {
  if (command.type === 'end_call' && command.whileRinging === 'cancel_or_reject' && isRinging(call.state)) {
    return party === 'caller' ? 'cancel' : 'reject';
  }
  // The caller hangs up and does not know yet that the other side has accepted.
  if (command.type === 'cancel_call' && call.state === 'CONNECTING' && party === 'caller' && !wantsAnswer) return 'end';
  return command.type === 'set_status' ? TRIGGER_FOR_STATUS[command.status] : TRIGGER_FOR[command.type];
};

interface Said {
  reason: EndReason;
  reasonText?: string | undefined;
}

const DECLINED = { reason: 'declined' } as const;

/** An end that is a reject or a cancel says why in the same words as these. */
const saidBy = (command: MovingCommand, trigger: Trigger): Said => {
  if (command.type === 'reject_call') return command;
  const reasonText = 'reasonText' in command ? command.reasonText : undefined;
  if (trigger === 'reject') return rejectReasonOf(reasonText);
  return trigger === 'cancel' ? { ...DECLINED, ...cancelTextOf(reasonText) } : { ...DECLINED, reasonText };
};

const detailOf = (command: MovingCommand): TraceRow['detail'] =>
  command.type === 'end_call' && command.claimedDurationSeconds !== undefined
    ? { claimedDurationSeconds: command.claimedDurationSeconds }
    : null;

const refused = (...args: Parameters<typeof refusal>): CommandReply => ({ ok: false, error: refusal(...args) });
const done = (call: CallRecord): CommandReply => ({ ok: true, call: callOf(call) });
const tooLate = (call: CallRecord, callId: string): CommandReply =>
  refused('invalid_status', { callId, message: `The call is ${call.state}`, status: call.state });

/** The commands that only the callee may give: a stranger hears the same as the caller. */
const isCallees = ({ type }: CallCommand): boolean => type === 'accept_call' || type === 'reject_call' || type === 'acknowledge_ring';

const isPassedOn = (command: CallCommand): command is PassedOn => command.type === 'report_quality' || command.type === 'relay_signal';

const notTheirs = (command: CallCommand, role: 'callee' | 'caller' | 'participant'): CommandReply => {
  const article = role === 'participant' ? 'a' : 'the';
  return refused('unauthorized', { callId: command.callId, message: `User is not ${article} ${role} of this call` });
};

/** A person who acts without a session is not known to be gone, whatever their closed sessions said (invariant 13). */
const noteActing = (world: World, call: CallRecord, party: Participant, sessionId: string | null): void => {
  const mark = party === 'caller' ? 'callerAbsentAt' : 'calleeAbsentAt';
  if (sessionId !== null || call[mark] === null) return;
  call[mark] = null;
  world.changed(call);
};

const move = (
  world: World,
  call: CallRecord,
  command: MovingCommand,
  cause: Cause & { party: Participant },
  wantsAnswer: boolean,
): CommandReply => {
  const { callId } = command;
  if (command.type === 'set_status' && command.status === call.state) return done(call);
  // It is past that, whichever of the two says so: 403 is the caller's who would answer a ring.
  if (command.type === 'set_status' && command.status === 'CONNECTING' && !isRinging(call.state)) return tooLate(call, callId);
  const trigger = triggerFor(command, call, cause.party, wantsAnswer);
  const { reason, reasonText } = saidBy(command, trigger);
  const result = applyTrigger(world, call, trigger, { ...cause, reason, reasonText, detail: detailOf(command) });
  if (!result.ok && result.code === 'unauthorized') return notTheirs(command, cause.party === 'caller' ? 'callee' : 'caller');
  if (!result.ok) return tooLate(call, callId);
  if (command.type === 'acknowledge_ring') addTrace(world, call, 'ring_acknowledged', cause);
  return done(call);
};

/** Passes what one side says on to the other, while they are in the call. */
const passOn = (world: World, call: CallRecord, command: PassedOn, cause: Cause & { party: Participant }): CommandReply => {
  if (call.state !== 'CONNECTING' && call.state !== 'ACTIVE') return tooLate(call, command.callId);
  const other = cause.party === 'caller' ? call.calleeId : call.callerId;
  if (command.type === 'relay_signal') addHint(world, call, 'call_signal', cause.actor, [other], { signal: command.signal });
  else addHint(world, call, 'call_quality_warning', cause.actor, [other], { quality: command.quality });
  return done(call);
};

/** Decides a command on a call: only a participant's, and only what the call's state allows. */
export const actOnCall = (
  world: World,
  { command, actor, commandId, wantsAnswer }: ActEnvelope,
  cause: Omit<Cause, 'party'>,
): CommandReply => {
  const { callId } = command;
  const call = world.find(callId);
  if (call === undefined) return refused('call_not_found', { callId });
  const party = partyOf(call, actor.userId);
  if (party === null) return notTheirs(command, isCallees(command) ? 'callee' : 'participant');
  if (world.doneCommands.get(commandId) === call.id) return done(call);
  settleDeadlines(world, call);
  const reply = isPassedOn(command)
    ? passOn(world, call, command, { ...cause, party })
    : move(world, call, command, { ...cause, party }, wantsAnswer);
  if (reply.ok) world.doneCommands.set(commandId, call.id);
  if (reply.ok && !isPassedOn(command)) noteActing(world, call, party, actor.sessionId);
  return reply;
};
