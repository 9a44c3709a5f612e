import type { Verb, Word } from '../load/wire.ts';

export type Side = 'caller' | 'callee';

/** What both sides must hear, and what is said when they have. */
export interface Phase {
  /** The leg's name by the side that hears it. */
  hears: Partial<Record<Side, { word: Word; leg: string }>>;
  says?: { side: Side; verb: Verb };
  /** Counted from this long after the phase began: a deadline that the server keeps. */
  afterMs?: number;
}

export interface CallScript {
  /** How long the call may ring; null: as the server would have it. */
  ringSeconds: number | null;
  phases: readonly Phase[];
  /** The state in which the database must have every call. */
  finalState: string;
}

const RING_SECONDS = 5;

const rings = (says?: Phase['says']): Phase => ({
  hears: { caller: { word: 'placed', leg: 'place → placed' }, callee: { word: 'incoming', leg: 'place → incoming' } },
  ...(says === undefined ? {} : { says }),
});

/** The life of one call in each scenario. The first phase begins when the place was due. */
export const CALL_SCRIPTS = {
  'ring-reject': {
    ringSeconds: null,
    phases: [rings({ side: 'callee', verb: 'reject' }), { hears: { caller: { word: 'rejected', leg: 'reject → rejected' } } }],
    finalState: 'REJECTED',
  },
  'ring-accept-end': {
    ringSeconds: null,
    phases: [
      rings({ side: 'callee', verb: 'accept' }),
      { hears: { caller: { word: 'accepted', leg: 'accept → accepted' } }, says: { side: 'caller', verb: 'end' } },
      { hears: { callee: { word: 'ended', leg: 'end → ended' } } },
    ],
    finalState: 'ENDED',
  },
  'ring-cancel': {
    ringSeconds: null,
    phases: [rings({ side: 'caller', verb: 'cancel' }), { hears: { callee: { word: 'cancelled', leg: 'cancel → cancelled' } } }],
    finalState: 'CANCELLED',
  },
  'ring-timeout': {
    ringSeconds: RING_SECONDS,
    phases: [
      rings(),
      {
        hears: { caller: { word: 'timed_out', leg: 'deadline → caller' }, callee: { word: 'timed_out', leg: 'deadline → callee' } },
        afterMs: RING_SECONDS * 1000,
      },
    ],
    finalState: 'MISSED',
  },
} as const satisfies Readonly<Record<string, CallScript>>;

export type CallScenario = keyof typeof CALL_SCRIPTS;
