import { type CallState, FinalState } from '@trunkline/contract';

/** The state that each step of a call's trace leaves it in. Written down again on purpose: a judge does not ask the judged. */
export const STATE_AFTER: ReadonlyMap<string, CallState> = new Map([
  ['call_placed', 'INITIATING'],
  ['call_ringing', 'RINGING'],
  ['call_accepted', 'CONNECTING'],
  ['call_connected', 'ACTIVE'],
  ['call_rejected', 'REJECTED'],
  ['call_cancelled', 'CANCELLED'],
  ['call_missed', 'MISSED'],
  ['call_ended', 'ENDED'],
  ['call_failed', 'FAILED'],
]);

export const FINAL_STATES: ReadonlySet<string> = new Set(FinalState.options);
