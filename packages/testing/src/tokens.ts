import { createSecretKey } from 'node:crypto';
import { SignJWT } from 'jose';

export const TEST_JWT_SECRET = 'a secret that signs the tokens of tests only';

export interface TokenClaims {
  name?: string;
  picture?: string;
  role?: string;
  deviceId?: string;
  /** Seconds from now; negative for a token that has expired. */
  ttlSeconds?: number;
  /** What it is signed with, where that is not the secret of all tests. */
  secret?: string;
}

/** A user's token as an app's own backend would sign it. */
export const mintToken = (
  userId: string,
  { name, picture, role, deviceId, ttlSeconds = 3600, secret = TEST_JWT_SECRET }: TokenClaims = {},
): Promise<string> =>
  new SignJWT({
    ...(name === undefined ? {} : { name }),
    ...(picture === undefined ? {} : { picture }),
    ...(role === undefined ? {} : { role }),
    ...(deviceId === undefined ? {} : { device_id: deviceId }),
  })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + ttlSeconds)
    .sign(createSecretKey(secret, 'utf8'));
