import type { CallState, CallView, FinalState } from '@trunkline/contract';
import type { CallOutcome, ClientCallState } from './call.ts';
import { closedError, type TrunklineError } from './trunkline-error.ts';
import type { Ended, EndWord, ServerWords } from './wire.ts';

type Direction = 'incoming' | 'outgoing';

/** How far a call is: it never goes back. */
const PROGRESS: Readonly<Record<ClientCallState, number>> = {
  INITIATING: 0,
  RINGING: 1,
  CONNECTING: 2,
  ACTIVE: 3,
  ENDED: 4,
  REJECTED: 4,
  CANCELLED: 4,
  MISSED: 4,
  FAILED: 4,
  ANSWERED_ELSEWHERE: 4,
};

export const isLater = (state: ClientCallState, than: ClientCallState): boolean => PROGRESS[state] > PROGRESS[than];

/** Reasons of `call:cancelled` that say more than that the caller gave up. */
const STATE_FOR_STOP: ReadonlyMap<string, CallOutcome['state']> = new Map([
  ['answered_elsewhere', 'ANSWERED_ELSEWHERE'],
  ['declined_elsewhere', 'REJECTED'],
  ['User offline', 'REJECTED'],
  ['No answer', 'MISSED'],
]);

const NO_ANSWER = 'No answer';

const NOTHING_MORE = { endedBy: null, durationSeconds: null, error: null } as const;

const ended = ({ endedBy, reason, durationSeconds }: Ended): CallOutcome => ({
  state: reason === 'connect_failed' ? 'FAILED' : 'ENDED',
  event: 'ended',
  reason,
  endedBy,
  durationSeconds,
  error: null,
});

const stopped = (reason: string): CallOutcome => {
  const state = STATE_FOR_STOP.get(reason) ?? 'CANCELLED';
  return { ...NOTHING_MORE, state, event: state === 'MISSED' ? 'timeout' : 'cancelled', reason };
};

const OUTCOMES: { readonly [Word in EndWord]: (body: ServerWords[Word]) => CallOutcome } = {
  'call:rejected': ({ reason }) => ({ ...NOTHING_MORE, state: 'REJECTED', event: 'rejected', reason }),
  'call:cancelled': ({ reason }) => stopped(reason),
  'call:timeout': ({ reason }) => ({ ...NOTHING_MORE, state: 'MISSED', event: 'timeout', reason }),
  'call:ended': ended,
};

/** What a word of the server's says about how a call ended. */
export const outcomeOf = <Word extends EndWord>(word: Word, body: ServerWords[Word]): CallOutcome => OUTCOMES[word](body);

/** The ring of this device was over before anybody said so. */
export const EXPIRED: CallOutcome = { ...NOTHING_MORE, state: 'MISSED', event: 'timeout', reason: NO_ANSWER };

export const ANSWERED_ELSEWHERE: CallOutcome = stopped('answered_elsewhere');

/** Both people called each other: this ring lives on as the call that this device placed. */
export const MERGED: CallOutcome = { ...ANSWERED_ELSEWHERE, reason: 'merged' };

type Unheard = CallOutcome & { readonly error: TrunklineError };

/** The client was closed before it heard how the call ended: on the server, it may go on. */
export const unheard = (callId: string): Unheard => ({
  ...NOTHING_MORE,
  state: 'FAILED',
  event: 'failed',
  reason: 'closed',
  error: closedError({ callId }),
});

export const isUnheard = (outcome: CallOutcome): outcome is Unheard => outcome.error?.code === 'closed';

const PLAIN: Readonly<Record<FinalState, { readonly [Side in Direction]: Pick<CallOutcome, 'event' | 'reason'> }>> = {
  ENDED: both('ended', 'Call ended'),
  FAILED: both('ended', 'connect_failed'),
  CANCELLED: both('cancelled', 'Caller cancelled'),
  MISSED: both('timeout', NO_ANSWER),
  REJECTED: { incoming: { event: 'cancelled', reason: 'declined_elsewhere' }, outgoing: { event: 'rejected', reason: 'User declined' } },
};

function both(event: CallOutcome['event'], reason: string): (typeof PLAIN)[FinalState] {
  return { incoming: { event, reason }, outgoing: { event, reason } };
}

/** Whether it is a state that a call has at its end. */
export const isFinalState = (state: CallState): state is FinalState => Object.hasOwn(PLAIN, state);

/** What a final state alone says of how a call ended: who learns it so has no reason in words. */
export const plainOutcome = (state: FinalState, direction: Direction, view?: CallView): CallOutcome => ({
  ...NOTHING_MORE,
  ...PLAIN[state][direction],
  state,
  durationSeconds: view?.durationSeconds ?? null,
});

const OWN: Readonly<Record<FinalState, Pick<CallOutcome, 'event' | 'reason'>>> = {
  ENDED: { event: 'ended', reason: 'Call ended' },
  FAILED: { event: 'ended', reason: 'connect_failed' },
  CANCELLED: { event: 'cancelled', reason: 'Caller cancelled' },
  MISSED: { event: 'timeout', reason: NO_ANSWER },
  REJECTED: { event: 'rejected', reason: 'User declined' },
};

/** What this device itself did, of which no event tells it. */
export const ownOutcome = (state: FinalState, self: string, reason: string | undefined, view: CallView): CallOutcome => ({
  ...NOTHING_MORE,
  ...OWN[state],
  ...(reason === undefined ? {} : { reason }),
  state,
  endedBy: self,
  durationSeconds: view.durationSeconds,
});
