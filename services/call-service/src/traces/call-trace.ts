import { type CallState, type EndReason, SYSTEM } from '@trunkline/contract';
import { type Reach, reachOf, VERDICTS, type Verdict, verdictOf } from './verdict.ts';

/** A call, as far as its trace needs it. Times are epoch milliseconds. */
export interface TracedCall {
  id: string;
  callerId: string;
  calleeId: string;
  state: CallState;
  reason: EndReason | null;
  endedBy: string | null;
  createdAt: number;
  acceptedAt: number | null;
  endedAt: number | null;
}

/** A row of the trace as it was stored: kinds may be those of a later version. */
export interface StoredTraceRow {
  at: number;
  kind: string;
  userId: string | null;
  deviceId: string | null;
  sessionId: string | null;
  detail: Readonly<Record<string, unknown>> | null;
}

export type Side = 'caller' | 'callee' | 'system';

export interface TraceStep {
  kind: string;
  /** ISO 8601, by the database's clock. */
  at: string;
  /** Milliseconds since the call was placed. */
  sinceMs: number;
  side: Side;
  deviceId: string | null;
  sessionId: string | null;
  detail: StoredTraceRow['detail'];
}

/** One device of a participant; a phone that gave no device id is known by its session. */
export interface TracedDevice {
  side: Exclude<Side, 'system'>;
  userId: string;
  deviceId: string | null;
  sessionIds: string[];
  steps: Pick<TraceStep, 'kind' | 'sinceMs' | 'detail'>[];
}

/** Why a call went as it went. */
export interface CallTrace {
  callId: string;
  callerId: string;
  calleeId: string;
  state: CallState;
  reason: EndReason | null;
  placedAt: string;
  endedAt: string | null;
  verdict: Verdict;
  says: string;
  reach: Reach;
  devices: TracedDevice[];
  steps: TraceStep[];
}

const iso = (at: number): string => new Date(at).toISOString();

const sideOf = (call: TracedCall, userId: string | null): Side => {
  if (userId === call.callerId) return 'caller';
  return userId === call.calleeId ? 'callee' : 'system';
};

const stepOf = (call: TracedCall, { at, kind, userId, deviceId, sessionId, detail }: StoredTraceRow): TraceStep => ({
  kind,
  at: iso(at),
  sinceMs: Math.round(at - call.createdAt),
  side: sideOf(call, userId),
  deviceId,
  sessionId,
  detail,
});

const newDevice = (call: TracedCall, side: TracedDevice['side'], deviceId: string | null): TracedDevice => ({
  side,
  userId: side === 'caller' ? call.callerId : call.calleeId,
  deviceId,
  sessionIds: [],
  steps: [],
});

const devicesOf = (call: TracedCall, steps: readonly TraceStep[]): TracedDevice[] => {
  const devices = new Map<string, TracedDevice>();
  for (const { side, deviceId, sessionId, kind, sinceMs, detail } of steps) {
    if (side === 'system') continue;
    const key = JSON.stringify([side, deviceId, deviceId === null ? sessionId : null]);
    const device = devices.get(key) ?? newDevice(call, side, deviceId);
    devices.set(key, device);
    if (sessionId !== null && !device.sessionIds.includes(sessionId)) device.sessionIds.push(sessionId);
    device.steps.push({ kind, sinceMs, detail });
  }
  return [...devices.values()];
};

/** Tells a call from its rows, by time: what gateways report is stored a little after it happened. */
export const traceOf = (call: TracedCall, rows: readonly StoredTraceRow[]): CallTrace => {
  const steps = [...rows].sort((a, b) => a.at - b.at).map((row) => stepOf(call, row));
  const verdict = verdictOf({
    state: call.state,
    reason: call.reason,
    endedBySystem: call.endedBy === SYSTEM,
    wasAccepted: call.acceptedAt !== null,
    evidence: rows,
  });
  return {
    callId: call.id,
    callerId: call.callerId,
    calleeId: call.calleeId,
    state: call.state,
    reason: call.reason,
    placedAt: iso(call.createdAt),
    endedAt: call.endedAt === null ? null : iso(call.endedAt),
    verdict,
    says: VERDICTS[verdict],
    reach: reachOf(rows),
    devices: devicesOf(call, steps),
    steps,
  };
};
