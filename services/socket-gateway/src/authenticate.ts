import { bearerToken } from '@trunkline/service-kit';
import { z } from 'zod';

const Auth = z.object({ token: z.string().min(1) });

/** The token of a handshake: from `auth.token`, else from its `Authorization` header. */
export const tokenIn = (auth: unknown, authorization: string | undefined): string | null => {
  const given = Auth.safeParse(auth);
  return given.success ? given.data.token : bearerToken(authorization);
};
