import type { IncomingHttpHeaders } from 'node:http';
import { bearerToken } from '@trunkline/service-kit';
import { z } from 'zod';

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
