import type { CallType } from '@trunkline/contract';
import type { Ending } from '../wires/wire.ts';

export type Stage = 'placing' | 'ringing' | 'incoming' | 'answering' | 'connecting' | 'active' | 'over';

/** The call that a phone shows. Times are `performance.now()`. */
export interface CallOnScreen {
  readonly id: string;
  readonly peerId: string;
  readonly peerName: string;
  readonly direction: 'incoming' | 'outgoing';
  readonly callType: CallType;
  readonly stage: Stage;
  /** The server said that it has the call. */
  readonly isPlaced: boolean;
  /** When the ring is over, where the dialect says it; with `incoming` alone. */
  readonly ringsUntil: number | null;
  readonly answeredAt: number | null;
  readonly ending: Ending | null;
}

export const isLive = (call: CallOnScreen | null): call is CallOnScreen => call !== null && call.stage !== 'over';

export const isTalking = ({ stage }: CallOnScreen): boolean => stage === 'connecting' || stage === 'active';
