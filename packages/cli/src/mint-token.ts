import { createSecretKey } from 'node:crypto';
import { DEV_JWT_SECRET } from '@trunkline/service-kit';
import { SignJWT } from 'jose';
import { type Environment, UsageError } from './command.ts';

/** RFC 7518 section 3.2; the services refuse a shorter one. */
const SHORTEST_SECRET = 32;

export interface TokenClaims {
  userId: string;
  ttlSeconds: number;
  name?: string | undefined;
  role?: string | undefined;
  picture?: string | undefined;
  deviceId?: string | undefined;
}

/** The secret that the services verify with: JWT_SECRET, else the development one, which production refuses. */
const signingSecret = (env: Environment): string => {
  if (!env['JWT_SECRET']) {
    if (env['NODE_ENV'] === 'production') throw new UsageError('JWT_SECRET is not set, and NODE_ENV is production');
    return DEV_JWT_SECRET;
  }
  if (env['JWT_SECRET'].length < SHORTEST_SECRET) throw new UsageError(`JWT_SECRET must have at least ${SHORTEST_SECRET} characters`);
  return env['JWT_SECRET'];
};

/** A user's token (HS256), with the issuer and the audience that the services of this environment ask for. */
export const mintToken = (claims: TokenClaims, env: Environment): Promise<string> => {
  const { userId, ttlSeconds, name, role, picture, deviceId } = claims;
  const issuedAt = Math.floor(Date.now() / 1000);
  const token = new SignJWT({
    ...(name === undefined ? {} : { name }),
    ...(role === undefined ? {} : { role }),
    ...(picture === undefined ? {} : { picture }),
    ...(deviceId === undefined ? {} : { device_id: deviceId }),
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(userId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ttlSeconds);
  if (env['JWT_ISSUER']) token.setIssuer(env['JWT_ISSUER']);
  if (env['JWT_AUDIENCE']) token.setAudience(env['JWT_AUDIENCE']);
  return token.sign(createSecretKey(signingSecret(env), 'utf8'));
};
