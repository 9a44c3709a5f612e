import { isFinal } from '@trunkline/contract';
import type { Outcome } from '../calls/world.ts';
import type { CallServiceMetrics } from './call-service-metrics.ts';

type Counted = Pick<CallServiceMetrics, 'callsPlaced' | 'callsEnded' | 'ringDeadlineLagSeconds'>;

/** Counts what a committed batch did to calls. A call has one event in a final state: the one that ended it. */
export const countOutcome = (
  { callsPlaced, callsEnded, ringDeadlineLagSeconds }: Counted,
  { inserted, events }: Pick<Outcome, 'inserted' | 'events'>,
): void => {
  if (inserted.size > 0) callsPlaced.inc({}, inserted.size);
  for (const { type, at, call } of events) {
    if (isFinal(call.state)) callsEnded.inc({ state: call.state, reason: call.reason ?? 'none' });
    if (type === 'call_missed') ringDeadlineLagSeconds.observe({}, Math.max(0, at - call.ringDeadlineAt) / 1000);
  }
};
