import type { CallTrace, TraceStep } from './answers.ts';

/** Whom a lane of a trace belongs to: a device, or the system. */
export interface Lane {
  readonly key: string;
  readonly side: TraceStep['side'];
  readonly userId: string | null;
  /** Null: a device without a name, known by its session; or somebody who had none. */
  readonly device: string | null;
}

export interface Drawn {
  readonly step: TraceStep;
  readonly lane: number;
  /** How long nothing had happened before it, where that is long. */
  readonly pauseMs: number | null;
}

const LONG_PAUSE_MS = 1000;
const SIDES: readonly TraceStep['side'][] = ['caller', 'system', 'callee'];

const keyOf = ({ side, deviceId, sessionId }: TraceStep): string =>
  side === 'system' ? side : JSON.stringify([side, deviceId, deviceId === null ? sessionId : null]);

const laneOf = (trace: CallTrace, step: TraceStep): Lane => {
  const userId = { caller: trace.callerId, callee: trace.calleeId, system: null }[step.side];
  return { key: keyOf(step), side: step.side, userId, device: step.deviceId ?? step.sessionId?.slice(0, 8) ?? null };
};

/** The caller's devices, the system, the callee's devices; and each step in its lane. */
export const drawTrace = (trace: CallTrace): { lanes: readonly Lane[]; drawn: readonly Drawn[] } => {
  const byKey = new Map(trace.steps.map((step) => [keyOf(step), laneOf(trace, step)]));
  const lanes = SIDES.flatMap((side) => [...byKey.values()].filter((lane) => lane.side === side));
  const drawn = trace.steps.map((step, index) => {
    const pause = step.sinceMs - (trace.steps[index - 1]?.sinceMs ?? step.sinceMs);
    return { step, lane: lanes.findIndex(({ key }) => key === keyOf(step)), pauseMs: pause >= LONG_PAUSE_MS ? pause : null };
  });
  return { lanes, drawn };
};
