import { type CommandReply, refusal } from '@trunkline/contract';
import { type ActEnvelope, actOnCall } from './act.ts';
import { answerKey, bodyHash } from './answer-key.ts';
import { settleDeadlines } from './apply-trigger.ts';
import { noteNobodyHeard, notePresence, notePushed, noteReach, noteRung, noteStopped } from './observe.ts';
import { type PlaceEnvelope, placeCall } from './place.ts';
import {
  type CallAuditRow,
  type CallPolicy,
  type DecidedEnvelope,
  type Input,
  type Loaded,
  type Outcome,
  type ServerActing,
  World,
} from './world.ts';

const isPlace = (envelope: DecidedEnvelope): envelope is PlaceEnvelope => envelope.command.type === 'place_call';

const decideCommand = (world: World, envelope: DecidedEnvelope): CommandReply => {
  const { userId, deviceId, sessionId } = envelope.actor;
  const cause = { actor: { userId, deviceId, sessionId }, commandId: envelope.commandId, server: envelope.server };
  if (isPlace(envelope)) return placeCall(world, envelope, { ...cause, party: 'caller' });
  return actOnCall(world, envelope as ActEnvelope, cause);
};

/** The call's own id, also where the command named it by its callee's. */
const idOfAudited = (world: World, { callId }: DecidedEnvelope['command'], reply: CommandReply): string | null => {
  if (reply.ok) return reply.call.id;
  return callId === undefined ? null : (world.find(callId)?.id ?? callId);
};

const auditOf = (
  world: World,
  { keyName, note }: ServerActing,
  { actor, command }: DecidedEnvelope,
  reply: CommandReply,
): CallAuditRow => ({
  keyName,
  action: command.type,
  callId: idOfAudited(world, command, reply),
  userId: actor.userId,
  detail: { outcome: reply.ok ? 'ok' : reply.error.code, ...(note === null ? {} : { reason: note }) },
});

const decideAndAudit = (world: World, envelope: DecidedEnvelope): CommandReply => {
  const reply = decideCommand(world, envelope);
  if (envelope.server !== undefined) world.audit.push(auditOf(world, envelope.server, envelope, reply));
  return reply;
};

/** Gives the first answer again to a command that was decided before, and keeps the answer to one that was not. */
const decideOnce = (world: World, envelope: DecidedEnvelope): CommandReply => {
  const key = answerKey(envelope);
  if (key === null) return decideAndAudit(world, envelope);
  const hash = bodyHash(envelope);
  const earlier = world.answerFor(key);
  if (earlier !== undefined && earlier.bodyHash !== hash) {
    return { ok: false, error: refusal('conflict', { message: 'This request id came with another body before' }) };
  }
  if (earlier !== undefined && earlier.reply !== null) return earlier.reply;
  const reply = decideAndAudit(world, envelope);
  world.newAnswers.set(key, { bodyHash: hash, reply });
  return reply;
};

const observe = (world: World, input: Exclude<Input, { kind: 'command' }>): void => {
  if (input.kind === 'stopped') return noteStopped(world, input.delivery);
  const call = world.find(input.kind === 'rung' ? input.delivery.callId : input.callId);
  if (call === undefined) return;
  if (input.kind === 'rung') return noteRung(world, call, input.delivery);
  settleDeadlines(world, call);
  // The stored due time may be one of other settings: writing the call stores the one that holds.
  if (input.kind === 'due' && call.endedAt === null) world.changed(call);
  if (input.kind === 'nobody_heard') noteNobodyHeard(world, call);
  if (input.kind === 'pushed') notePushed(world, call);
  if (input.kind === 'reach') noteReach(world, call, input.targetId ?? null);
  if (input.kind === 'presence') notePresence(world, call, input.userId);
};

/** What a traced command caused belongs to its trace, wherever it goes from here. */
const decideTraced = (world: World, envelope: DecidedEnvelope, traceparent: string): CommandReply => {
  const before = world.events.length;
  const reply = decideOnce(world, envelope);
  for (const event of world.events.slice(before)) event.traceparent = traceparent;
  return reply;
};

const decideInput = (world: World, input: Input): CommandReply | null => {
  if (input.kind === 'command') {
    const { envelope } = input;
    return envelope.traceparent === undefined ? decideOnce(world, envelope) : decideTraced(world, envelope, envelope.traceparent);
  }
  observe(world, input);
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
    hints: world.hints,
    audit: world.audit,
    answers: world.newAnswers,
    reach: world.reach,
    lateRings: world.lateRings,
  };
};
