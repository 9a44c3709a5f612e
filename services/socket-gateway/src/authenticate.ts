import type { IncomingHttpHeaders } from 'node:http';
import type { CloseReason } from '@trunkline/contract';
import { bearerToken, type Identity, type Logger, type VerifyToken } from '@trunkline/service-kit';
import { z } from 'zod';

/** Whose token it is, or why nobody may come in with it. `unavailable`: nothing is known of it now. */
export type Authenticate = (token: string | null) => Promise<Identity | Extract<CloseReason, 'unauthenticated' | 'unavailable'>>;

export const createAuthenticate =
  (verifyToken: VerifyToken, log: Logger): Authenticate =>
  async (token) => {
    try {
      return (token === null ? null : await verifyToken(token)) ?? 'unauthenticated';
    } catch (error) {
      log.warn({ err: error }, 'tokens cannot be verified');
      return 'unavailable';
    }
  };

const Auth = z.object({ token: z.string().min(1) });

/** The token of a handshake: from `auth.token`, else from its `Authorization` header. */
export const tokenIn = (auth: unknown, authorization: string | undefined): string | null => {
  const given = Auth.safeParse(auth);
  return given.success ? given.data.token : bearerToken(authorization);
};

/** The token that follows `bearer` in the subprotocols, where browsers can put one without naming it in the URL. */
const offeredToken = (protocols: string): string | null => {
  const [first, token] = protocols.split(',').map((protocol) => protocol.trim());
  return first === 'bearer' && token ? token : null;
};

/** The token of a WebSocket upgrade: `?token=`, else its `Authorization` header, else `Sec-WebSocket-Protocol: bearer, <token>`. */
export const tokenInUpgrade = (url: string, headers: IncomingHttpHeaders): string | null => {
  const query = new URLSearchParams(url.split('?').slice(1).join('?'));
  return query.get('token') || bearerToken(headers.authorization) || offeredToken(headers['sec-websocket-protocol'] ?? '');
};
