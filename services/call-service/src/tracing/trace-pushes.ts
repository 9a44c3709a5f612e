import type { CallEvent } from '@trunkline/contract';
import type { QueuedPush } from '../notifications/queue-pushes.ts';

/** The pushes of a commit, each with the trace of the command that caused it. */
export const withTraces = (pushes: readonly QueuedPush[], events: readonly CallEvent[]): readonly QueuedPush[] => {
  const traces = new Map(events.flatMap(({ call, traceparent }) => (traceparent === undefined ? [] : [[call.id as string, traceparent]])));
  if (traces.size === 0) return pushes;
  return pushes.map((push) => {
    const traceparent = traces.get(push.callId ?? '');
    return traceparent === undefined ? push : { ...push, traceparent };
  });
};
