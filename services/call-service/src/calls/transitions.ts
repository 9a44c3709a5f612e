import type { CallEventType, CallState, EndReason } from '@trunkline/contract';

/** Who acts on a call. Absence, deadlines and deliveries are the system's. */
export type Party = 'caller' | 'callee' | 'system';

export type Trigger =
  | 'reached'
  | 'accept'
  | 'reject'
  | 'cancel'
  | 'connected'
  | 'end'
  | 'ring_timeout'
  | 'unreachable'
  | 'caller_lost'
  | 'callee_lost'
  | 'connect_timeout'
  | 'lost'
  | 'max_duration';

export interface Transition {
  to: CallState;
  /** Null: the call stays as it is, and nobody is told. */
  event: CallEventType | null;
  /** Which time is written down. The end is stamped by every transition into a final state. */
  stamp?: 'reachedAt' | 'acceptedAt' | 'connectedAt';
  /** `given`: the reason that came with the trigger. */
  reason?: EndReason | 'given';
}

/** Who may pull a trigger, whatever the state: anyone else is `unauthorized`. */
export const TRIGGER_PARTIES: Readonly<Record<Trigger, readonly Party[]>> = {
  reached: ['callee', 'system'],
  accept: ['callee'],
  reject: ['callee'],
  cancel: ['caller'],
  connected: ['caller', 'callee'],
  end: ['caller', 'callee'],
  ring_timeout: ['system'],
  unreachable: ['system'],
  caller_lost: ['system'],
  callee_lost: ['system'],
  connect_timeout: ['system'],
  lost: ['system'],
  max_duration: ['system'],
};

const UNCHANGED = (to: CallState): Transition => ({ to, event: null });

const WHILE_RINGING = {
  accept: { to: 'CONNECTING', event: 'call_accepted', stamp: 'acceptedAt' },
  reject: { to: 'REJECTED', event: 'call_rejected', reason: 'given' },
  cancel: { to: 'CANCELLED', event: 'call_cancelled', reason: 'cancelled' },
  caller_lost: { to: 'CANCELLED', event: 'call_cancelled', reason: 'caller_lost' },
  ring_timeout: { to: 'MISSED', event: 'call_missed', reason: 'no_response' },
} as const satisfies Partial<Record<Trigger, Transition>>;

const WHILE_CONNECTED = {
  end: { to: 'ENDED', event: 'call_ended', reason: 'hung_up' },
  lost: { to: 'ENDED', event: 'call_ended', reason: 'lost' },
  max_duration: { to: 'ENDED', event: 'call_ended', reason: 'max_duration' },
} as const satisfies Partial<Record<Trigger, Transition>>;

/** The life of a call. What is not listed is refused with the state that won. */
export const TRANSITIONS: Readonly<Record<CallState, Readonly<Partial<Record<Trigger, Transition>>>>> = {
  INITIATING: {
    ...WHILE_RINGING,
    reached: { to: 'RINGING', event: 'call_ringing', stamp: 'reachedAt' },
    unreachable: { to: 'REJECTED', event: 'call_rejected', reason: 'offline' },
  },
  RINGING: {
    ...WHILE_RINGING,
    reached: UNCHANGED('RINGING'),
    callee_lost: { to: 'REJECTED', event: 'call_rejected', reason: 'offline' },
  },
  CONNECTING: {
    ...WHILE_CONNECTED,
    connected: { to: 'ACTIVE', event: 'call_connected', stamp: 'connectedAt' },
    connect_timeout: { to: 'FAILED', event: 'call_failed', reason: 'connect_failed' },
  },
  ACTIVE: { ...WHILE_CONNECTED, connected: UNCHANGED('ACTIVE') },
  ENDED: {},
  REJECTED: {},
  CANCELLED: {},
  MISSED: {},
  FAILED: {},
};

export type TransitionResult = { ok: true; transition: Transition } | { ok: false; code: 'unauthorized' | 'invalid_status' };

/** What `trigger`, pulled by `party`, does to a call in `state`. */
export const transition = (state: CallState, trigger: Trigger, party: Party): TransitionResult => {
  if (!TRIGGER_PARTIES[trigger].includes(party)) return { ok: false, code: 'unauthorized' };
  const found = TRANSITIONS[state][trigger];
  return found === undefined ? { ok: false, code: 'invalid_status' } : { ok: true, transition: found };
};
