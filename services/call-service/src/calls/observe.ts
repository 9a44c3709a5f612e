import { type Delivery, isRinging } from '@trunkline/contract';
import { addHint, addTrace, applyTrigger, BY_SYSTEM, settleDeadlines } from './apply-trigger.ts';
import { type CallRecord, NOBODY, partyOf } from './call-record.ts';
import { MIN_RING_MS } from './deadlines.ts';
import { ringsByPush, type World } from './world.ts';

/** A gateway wrote the ring to a session's socket: the call has reached its callee. */
export const noteRung = (world: World, call: CallRecord, { userId, deviceId, sessionId }: Delivery): void => {
  addTrace(world, call, 'ring_sent', { party: 'system', actor: { userId, deviceId, sessionId }, commandId: null });
  settleDeadlines(world, call);
  applyTrigger(world, call, 'reached', BY_SYSTEM);
};

/** A session got a stop: it is not told again. Whatever the call is now, nothing of it changes. */
export const noteStopped = (world: World, { callId, userId, deviceId, sessionId }: Delivery): void => {
  world.traces.push({ callId, at: world.now, kind: 'stop_sent', userId, deviceId, sessionId, commandId: null, detail: null });
};

/**
 * Nobody hears the callee's rings; the first time counts. Not while a session of theirs is open: its gateway may only be
 * cut off from Redis (invariant 13).
 */
export const noteNobodyHeard = (world: World, call: CallRecord): void => {
  if (call.state !== 'INITIATING' || call.unreachableSince !== null || world.presentUsers.has(call.calleeId)) return;
  call.unreachableSince = world.now;
  world.changed(call);
  addTrace(world, call, 'nobody_heard', BY_SYSTEM);
};

/** A provider accepted a push that rings: the call has reached its callee. */
export const notePushed = (world: World, call: CallRecord): void => {
  applyTrigger(world, call, 'reached', BY_SYSTEM);
};

/** A target that was registered while it rings is rung with the time that is left. */
const ringLate = (world: World, call: CallRecord, targetId: string): void => {
  if (!isRinging(call.state) || call.ringDeadlineAt - world.now < MIN_RING_MS || !ringsByPush(call, world.reach)) return;
  if (world.lateRings.some((ring) => ring.call === call && ring.targetId === targetId)) return;
  world.lateRings.push({ call, targetId, at: world.now });
};

/** The callee came within reach of push, or out of it: which deadlines apply follows from that. `targetId`: by registering this target. */
export const noteReach = (world: World, call: CallRecord, targetId: string | null): void => {
  if (call.endedAt !== null) return;
  world.changed(call);
  if (targetId !== null) ringLate(world, call, targetId);
};

const SIDES = {
  caller: { mark: 'callerAbsentAt', trace: 'caller_absent' },
  callee: { mark: 'calleeAbsentAt', trace: 'callee_absent' },
} as const;

/** Lets a participant know that the other one came or went; nobody knows it of who blocked them. */
const tellPartner = (world: World, call: CallRecord, party: 'caller' | 'callee', isPresent: boolean): void => {
  if (call.hiddenFromCallee) return;
  const [userId, partner] = party === 'caller' ? [call.callerId, call.calleeId] : [call.calleeId, call.callerId];
  addHint(world, call, isPresent ? 'user_online' : 'user_offline', { ...NOBODY, userId }, [partner]);
};

/** Only of a person whose session opened or closed is presence or absence known (invariant 13). */
export const notePresence = (world: World, call: CallRecord, userId: string): void => {
  const party = partyOf(call, userId);
  if (party === null || call.endedAt !== null) return;
  const { mark, trace } = SIDES[party];
  const isPresent = world.presentUsers.has(userId);
  if (isPresent && party === 'callee' && call.unreachableSince !== null) {
    call.unreachableSince = null;
    world.changed(call);
  }
  if (isPresent === (call[mark] === null)) return;
  call[mark] = isPresent ? null : world.now;
  world.changed(call);
  if (!isPresent) addTrace(world, call, trace, BY_SYSTEM);
  if (!isPresent && party === 'callee') noteNobodyHeard(world, call);
  tellPartner(world, call, party, isPresent);
};
