import { CLOSE_CODES, type CloseReason, mayReconnect } from '@trunkline/contract';
import type { EventFrame } from './dialect.ts';

/** Socket.IO's own close says no reason, so an event says it first. */
export const closingEvent = (reason: CloseReason): EventFrame => {
  const { code } = CLOSE_CODES[reason];
  return { event: 'connection:closing', body: { code, reason, reconnect: mayReconnect(code) } };
};
