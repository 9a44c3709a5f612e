import { isRinging } from '@trunkline/contract';
import type { CallRecord } from './call-record.ts';
import type { Trigger } from './transitions.ts';

/** A ring that would stop almost at once is worse than none, in milliseconds. */
export const MIN_RING_MS = 3000;

/** How long the system waits before it acts on a call by itself, in seconds. */
export interface CallLimits {
  ringTimeoutSeconds: number;
  callerGraceSeconds: number;
  unreachableGraceSeconds: number;
  /** 0: a call may stay CONNECTING. */
  connectTimeoutSeconds: number;
  callMaxSeconds: number;
  gatewayLeaseSeconds: number;
}

export interface Deadline {
  trigger: Trigger;
  /** Epoch milliseconds of the database's clock. */
  at: number;
}

const after = (from: number | null, seconds: number, trigger: Trigger): Deadline[] =>
  from === null ? [] : [{ trigger, at: from + seconds * 1000 }];

/** Nobody there: not for a callee who can be rung by push. */
const calleeGone = (call: CallRecord, limits: CallLimits): Deadline[] =>
  call.state === 'INITIATING'
    ? after(call.unreachableSince, limits.unreachableGraceSeconds, 'unreachable')
    : after(call.calleeAbsentAt, limits.unreachableGraceSeconds, 'callee_lost');

const whileRinging = (call: CallRecord, limits: CallLimits, ringsByPush: boolean): Deadline[] => [
  { trigger: 'ring_timeout', at: call.ringDeadlineAt },
  ...after(call.callerAbsentAt, limits.callerGraceSeconds, 'caller_lost'),
  ...(ringsByPush ? [] : calleeGone(call, limits)),
];

const bothAbsentAt = (call: CallRecord): number | null =>
  call.callerAbsentAt === null || call.calleeAbsentAt === null ? null : Math.max(call.callerAbsentAt, call.calleeAbsentAt);

const whileConnected = (call: CallRecord, limits: CallLimits): Deadline[] => [
  ...after(call.acceptedAt, limits.callMaxSeconds, 'max_duration'),
  ...after(bothAbsentAt(call), limits.gatewayLeaseSeconds, 'lost'),
  ...(call.state === 'CONNECTING' && limits.connectTimeoutSeconds > 0
    ? after(call.acceptedAt, limits.connectTimeoutSeconds, 'connect_timeout')
    : []),
];

/**
 * The next thing that the system does to this call if nobody else acts; null for a call that is over.
 * `ringsByPush`: the callee has a device that can be rung while it sleeps.
 */
export const nextDeadline = (call: CallRecord, limits: CallLimits, ringsByPush: boolean): Deadline | null => {
  if (call.endedAt !== null) return null;
  const deadlines = isRinging(call.state) ? whileRinging(call, limits, ringsByPush) : whileConnected(call, limits);
  return deadlines.reduce<Deadline | null>((first, next) => (first === null || next.at < first.at ? next : first), null);
};
