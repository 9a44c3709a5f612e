/** Why a gateway closes a connection. 4000–4499: come back; 4500–4999: do not, as you are. */
export const CLOSE_CODES = {
  going_away: { code: 4001, message: 'This gateway is leaving, reconnect' },
  too_slow: { code: 4002, message: 'Too much was queued for this connection' },
  silent: { code: 4003, message: 'Nothing was heard from this connection' },
  unavailable: { code: 4005, message: 'The session could not be opened now, reconnect' },
  token_expired: { code: 4401, message: 'The token has expired, reconnect with a new one' },
  too_many_connections: { code: 4428, message: 'The user has as many connections as one may have, or connects too often, come back later' },
  disconnected: { code: 4500, message: "The app's backend ended this session" },
  unauthenticated: { code: 4501, message: 'The token is missing, invalid or expired' },
  origin_refused: { code: 4503, message: 'This origin is not allowed' },
  frame_too_large: { code: 4509, message: 'A frame was larger than 64 KiB' },
  flooding: { code: 4529, message: 'Far too many commands' },
} as const;

export type CloseReason = keyof typeof CLOSE_CODES;

/** Whether a client that was closed with this code should reconnect as it is. */
export const mayReconnect = (code: number): boolean => code < 4500;
