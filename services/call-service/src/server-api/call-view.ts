import { type Call, type CallView, viewOf } from '@trunkline/contract';
import type { CallRecord } from '../calls/call-record.ts';

/** A call as the app's backend sees it: what participants see, and what they need not know. */
export interface ServerCallView extends CallView {
  callerName: string | null;
  callerAvatar: string | null;
  /** The callee's own id for the call, where its call was merged into this one. */
  calleeAlias: string | null;
  reason: string | null;
  reasonText: string | null;
  endedBy: string | null;
  answeredByDevice: string | null;
  ringDeadlineAt: string;
}

export const serverCallView = (call: Call): ServerCallView => ({
  ...viewOf(call),
  callerName: call.callerName,
  callerAvatar: call.callerAvatar,
  calleeAlias: call.calleeAlias,
  reason: call.reason,
  reasonText: call.reasonText,
  endedBy: call.endedBy,
  answeredByDevice: call.answeredByDevice,
  ringDeadlineAt: new Date(call.ringDeadlineAt).toISOString(),
});

/** The same, as it is read: with whether the callee ever knew of it. */
export const readCallView = (call: CallRecord): ServerCallView & { hiddenFromCallee: boolean } => ({
  ...serverCallView(call),
  hiddenFromCallee: call.hiddenFromCallee,
});
