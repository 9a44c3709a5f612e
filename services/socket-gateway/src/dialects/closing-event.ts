import { CLOSE_CODES, type CloseReason, mayReconnect } from '@trunkline/contract';
import type { EventFrame } from './dialect.ts';

/** Socket.IO's own close says no reason, so an event says it first. */
export const closingEvent = (reason: CloseReason, reconnectInMs: number): EventFrame => {
  const { code } = CLOSE_CODES[reason];
  const coming = mayReconnect(code) ? { reconnect: true, reconnectInMs } : { reconnect: false };
  return { event: 'connection:closing', body: { code, reason, ...coming } };
};
