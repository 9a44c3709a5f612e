import { type Call, type CallEvent, type CallEventType, isRinging } from '@trunkline/contract';
import type { LateRing, Reach } from '../calls/world.ts';
import type { PushOrder, Sending } from './push-order.ts';

/** When a ring goes out by push. */
export interface PushPolicy {
  /** `always`: at once. `when_unacknowledged`: when no device has acknowledged the ring within `escalateMs`. */
  ring: 'always' | 'when_unacknowledged';
  escalateMs: number;
}

/** A stop outlives the ring: a phone that was asleep may have heard the ring with its last second. */
const STOP_OUTLIVES_RING_MS = 60_000;
const MISSED_CALL_LIVES_MS = 86_400_000;
/** By then its stop has gone out; one that has not is waited for. */
export const MISSED_CALL_AFTER_MS = 1000;

/** The events that end a ring; the table of transitions lists them while a call rings, and nowhere else. */
const RING_ENDS: ReadonlySet<CallEventType> = new Set(['call_accepted', 'call_rejected', 'call_cancelled', 'call_missed']);

/** The ends of a ring that the callee had no part in: it is a missed call in the history too. */
const MISSED: ReadonlySet<CallEventType> = new Set(['call_cancelled', 'call_missed']);

const reachesCallee = ({ call, recipients }: CallEvent): boolean => recipients.includes(call.calleeId);

const isRing = (event: CallEvent): boolean => event.type === 'call_placed' && reachesCallee(event);
const isRingEnd = (event: CallEvent): boolean => RING_ENDS.has(event.type) && reachesCallee(event);

const aboutCall = ({ id, callerId, callerName }: Call) => ({ callId: id, callerId, callerName });

/**
 * Once, and again at half of the time that the ring has left at `at`, for devices that have not said that they ring. Devices have
 * `escalateMs` from the call's beginning to say so: a target that came later waits no longer than that.
 */
const ringSendings = ({ createdAt, ringDeadlineAt }: Call, at: number, { ring, escalateMs }: PushPolicy): Sending[] => {
  const halfway = (at + ringDeadlineAt) / 2;
  const again: Sending = { at: halfway, unless: 'device_acknowledged' };
  if (ring === 'always') return [{ at: null, unless: null }, again];
  const escalated: Sending = { at: Math.max(at, createdAt + escalateMs), unless: 'acknowledged' };
  return createdAt + escalateMs < halfway ? [escalated, again] : [escalated];
};

const ringOrder = (call: Call, at: number, policy: PushPolicy): PushOrder => {
  const { callerAvatar, callType, channelId, calleeId, id, ringDeadlineAt } = call;
  return {
    userId: calleeId,
    content: { type: 'incoming_call', ...aboutCall(call), callerAvatar, callType, channelId },
    collapseKey: id,
    expiresAt: ringDeadlineAt,
    sendings: ringSendings(call, at, policy),
  };
};

/** The rings of targets that were registered while it rings. Of a call that was answered or ended in the same batch there is none. */
export const lateRingOrders = (lateRings: readonly LateRing[], policy: PushPolicy): PushOrder[] =>
  lateRings.filter(({ call }) => isRinging(call.state)).map(({ call, targetId, at }) => ({ ...ringOrder(call, at, policy), targetId }));

const stopReason = ({ type, actor, call }: CallEvent): string => {
  if (type === 'call_accepted') return 'answered_elsewhere';
  return type === 'call_rejected' && actor.userId === call.calleeId ? 'declined_elsewhere' : (call.reason ?? 'cancelled');
};

/** The device that answered knows: an accept by a device without a name is taken for that of the only target. */
const answeringDevice = ({ type, actor, call }: CallEvent): Pick<PushOrder, 'except'> =>
  actor.userId === call.calleeId ? { except: { deviceId: actor.deviceId, onlyTarget: type === 'call_accepted' } } : {};

const stopOrder = (event: CallEvent, mayRing: boolean): PushOrder => {
  const { calleeId, id, ringDeadlineAt } = event.call;
  return {
    userId: calleeId,
    content: { type: 'call_cancelled', ...aboutCall(event.call), reason: stopReason(event) },
    collapseKey: id,
    expiresAt: Math.max(ringDeadlineAt, event.at) + STOP_OUTLIVES_RING_MS,
    onlyIfRung: !mayRing,
    ...answeringDevice(event),
  };
};

/** Under a key of its own: it must not replace a stop that is still on its way. */
const missedOrder = (event: CallEvent): PushOrder => ({
  userId: event.call.calleeId,
  content: { type: 'missed_call', ...aboutCall(event.call), callType: event.call.callType },
  collapseKey: `${event.call.id}.missed`,
  expiresAt: event.at + MISSED_CALL_LIVES_MS,
  sendings: [{ at: event.at + MISSED_CALL_AFTER_MS, unless: null }],
});

const ordersFor = (event: CallEvent, mayRing: boolean, hasEnded: boolean, policy: PushPolicy): PushOrder[] => {
  if (isRing(event)) return mayRing && !hasEnded ? [ringOrder(event.call, event.at, policy)] : [];
  if (!isRingEnd(event)) return [];
  const stop = stopOrder(event, mayRing);
  return MISSED.has(event.type) && mayRing ? [stop, missedOrder(event)] : [stop];
};

/** The pushes that go with what happened in one batch. Callees without a target are not in `reach`, and get none. */
export const callPushes = (events: readonly CallEvent[], reach: Reach, policy: PushPolicy): PushOrder[] => {
  const concerned = events.filter(({ call }) => reach.has(call.calleeId));
  const ended = new Set(concerned.filter(isRingEnd).map(({ call }) => call.id));
  return concerned.flatMap((event) => {
    const { calleeId, id } = event.call;
    return ordersFor(event, reach.get(calleeId)?.mayRing ?? false, ended.has(id), policy);
  });
};
