import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { type JWTPayload, type JWTVerifyOptions, UnsecuredJWT } from 'jose';
import { z } from 'zod';

/** The algorithm is ours to say, and an extension that must be understood is not (RFC 7515 section 4.1.11). */
const Header = z.object({ alg: z.literal('HS256'), crit: z.undefined().optional() });

const isHs256 = (header: string): boolean => {
  try {
    return Header.safeParse(JSON.parse(Buffer.from(header, 'base64url').toString())).success;
  } catch {
    return false;
  }
};

const isSigned = (key: KeyObject, signed: string, signature: Buffer): boolean => {
  const expected = Buffer.from(createHmac('sha256', key).update(signed).digest('base64url'));
  return expected.length === signature.length && timingSafeEqual(expected, signature);
};

const WITHOUT_ALGORITHM = Buffer.from('{"alg":"none"}').toString('base64url');

/**
 * The claims of a token that one of the keys has signed with HS256; null: none has. Here and not by WebCrypto, which sends each signature
 * to a thread and back; the claims are judged by jose, to which they go without the signature that was checked.
 * @throws errors.JOSEError where the claims do not hold
 */
export const verifyHs256 = (token: string, keys: readonly KeyObject[], claims: JWTVerifyOptions): JWTPayload | null => {
  const [header = '', body = '', signature = '', ...rest] = token.split('.');
  if (rest.length > 0 || !isHs256(header)) return null;
  const given = Buffer.from(signature);
  if (!keys.some((key) => isSigned(key, `${header}.${body}`, given))) return null;
  return UnsecuredJWT.decode(`${WITHOUT_ALGORITHM}.${body}.`, claims).payload;
};
