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

const after = (from: number | null, seconds: number, trigger: Trigger): Deadline | null =>
  from === null ? null : { trigger, at: from + seconds * 1000 };

/** Of those that are due at once, the one that is named first. */
const firstOf = (...deadlines: (Deadline | null)[]): Deadline | null => {
  let first: Deadline | null = null;
  for (const next of deadlines) if (next !== null && (first === null || next.at < first.at)) first = next;
  return first;
};

/** Nobody there: not for a callee who can be rung by push. */
const calleeGone = (call: CallRecord, limits: CallLimits): Deadline | null =>
  call.state === 'INITIATING'
    ? after(call.unreachableSince, limits.unreachableGraceSeconds, 'unreachable')
    : after(call.calleeAbsentAt, limits.unreachableGraceSeconds, 'callee_lost');

const whileRinging = (call: CallRecord, limits: CallLimits, ringsByPush: boolean): Deadline | null =>
  firstOf(
    { trigger: 'ring_timeout', at: call.ringDeadlineAt },
    after(call.callerAbsentAt, limits.callerGraceSeconds, 'caller_lost'),
    ringsByPush ? null : calleeGone(call, limits),
  );

const bothAbsentAt = (call: CallRecord): number | null =>
  call.callerAbsentAt === null || call.calleeAbsentAt === null ? null : Math.max(call.callerAbsentAt, call.calleeAbsentAt);

const whileConnected = (call: CallRecord, limits: CallLimits): Deadline | null =>
  firstOf(
    after(call.acceptedAt, limits.callMaxSeconds, 'max_duration'),
    after(bothAbsentAt(call), limits.gatewayLeaseSeconds, 'lost'),
    call.state === 'CONNECTING' && limits.connectTimeoutSeconds > 0
      ? after(call.acceptedAt, limits.connectTimeoutSeconds, 'connect_timeout')
      : null,
  );

/**
 * The next thing that the system does to this call if nobody else acts; null for a call that is over.
 * `ringsByPush`: the callee has a device that can be rung while it sleeps.
 */
export const nextDeadline = (call: CallRecord, limits: CallLimits, ringsByPush: boolean): Deadline | null => {
  if (call.endedAt !== null) return null;
  return isRinging(call.state) ? whileRinging(call, limits, ringsByPush) : whileConnected(call, limits);
};
