import type { CallState as State } from '@trunkline/contract';

/** Written down here: the contract's own would bring its schemas into the page. */
const STATES: Readonly<Record<State, true>> = {
  INITIATING: true,
  RINGING: true,
  CONNECTING: true,
  ACTIVE: true,
  ENDED: true,
  REJECTED: true,
  CANCELLED: true,
  MISSED: true,
  FAILED: true,
};

export const CallState = Object.keys(STATES) as readonly State[];
