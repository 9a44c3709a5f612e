import { webcrypto } from 'node:crypto';
import { DeviceId, storablePart, UserId } from '@trunkline/contract';
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import { z } from 'zod';

/** Who a verified token says its bearer is. */
export interface Identity {
  userId: UserId;
  name: string | null;
  avatar: string | null;
  role: string | null;
  deviceId: DeviceId | null;
  /** Epoch milliseconds. */
  expiresAt: number;
}

export interface TokenSettings {
  JWT_SECRET?: string | undefined;
  JWT_SECRET_PREVIOUS?: string | undefined;
  JWT_JWKS_URL?: string | undefined;
  JWT_ISSUER?: string | undefined;
  JWT_AUDIENCE?: string | undefined;
}

/**
 * Null: missing, malformed, forged, expired or not for us. Which of these is nobody's business.
 * @throws when the keys could not be fetched, so that nothing is known of the token
 */
export type VerifyToken = (token: string) => Promise<Identity | null>;

const MAX_TOKEN_LENGTH = 8192;

const optionalText = (max: number) =>
  z
    .string()
    .transform((text) => storablePart(text, max))
    .nullish()
    .catch(null)
    .transform((text) => text || null);

const Claims = z.object({
  sub: UserId,
  exp: z.number(),
  name: optionalText(200),
  picture: optionalText(2048),
  role: optionalText(64),
  device_id: DeviceId.or(z.literal(''))
    .nullish()
    .transform((id) => id || null),
});

const identityOf = (payload: JWTPayload): Identity | null => {
  const claims = Claims.safeParse(payload);
  if (!claims.success) return null;
  const { sub, exp, name, picture, role, device_id } = claims.data;
  return { userId: sub, name, avatar: picture, role, deviceId: device_id, expiresAt: exp * 1000 };
};

/** What a key that is published may have signed with (RFC 7518 section 3.1). */
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];

/**
 * Verifies users' tokens: HS256 with a shared secret, or RSA and ECDSA signatures with the keys of a JWKS (RFC 7517).
 * The algorithms are pinned by the configuration, never by the token, and `exp` is required (RFC 8725).
 */
export const createTokenVerifier = (settings: TokenSettings): VerifyToken => {
  const options: JWTVerifyOptions = {
    requiredClaims: ['sub', 'exp'],
    ...(settings.JWT_ISSUER === undefined ? {} : { issuer: settings.JWT_ISSUER }),
    ...(settings.JWT_AUDIENCE === undefined ? {} : { audience: settings.JWT_AUDIENCE }),
  };
  const verify = verifierFor(settings, options);
  return async (token) => {
    if (token.length > MAX_TOKEN_LENGTH) return null;
    try {
      return identityOf(await verify(token));
    } catch (error) {
      if (isAboutTheToken(error)) return null;
      throw error;
    }
  };
};

/** Errors of fetching a key set have jose's general code, or are none of jose's. */
const isAboutTheToken = (error: unknown): boolean =>
  error instanceof errors.JOSEError && !['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID'].includes(error.code);

/** Imported once: jose would do it again for each token, in a thread. */
const importKey = (secret: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('raw', Buffer.from(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);

const verifierFor = (settings: TokenSettings, options: JWTVerifyOptions): ((token: string) => Promise<JWTPayload>) => {
  if (settings.JWT_SECRET !== undefined) {
    const verifyWith = (secret: string) => {
      const key = importKey(secret);
      return async (token: string) => (await jwtVerify(token, await key, { ...options, algorithms: ['HS256'] })).payload;
    };
    const verify = verifyWith(settings.JWT_SECRET);
    if (settings.JWT_SECRET_PREVIOUS === undefined) return verify;
    const verifyAsBefore = verifyWith(settings.JWT_SECRET_PREVIOUS);
    return (token) =>
      verify(token).catch((error: unknown) => {
        if (error instanceof errors.JWSSignatureVerificationFailed) return verifyAsBefore(token);
        throw error;
      });
  }
  if (settings.JWT_JWKS_URL === undefined) throw new Error('neither JWT_SECRET nor JWT_JWKS_URL is set');
  const keys = createRemoteJWKSet(new URL(settings.JWT_JWKS_URL), { timeoutDuration: 3000 });
  return async (token) => (await jwtVerify(token, keys, { ...options, algorithms: PUBLIC_KEY_ALGORITHMS })).payload;
};

/** The token of an `Authorization: Bearer` header (RFC 6750 section 2.1), or null. */
export const bearerToken = (header: string | undefined): string | null => /^Bearer +([^\s]+) *$/i.exec(header ?? '')?.[1] ?? null;
