import { importJWK, jwtVerify } from 'jose';

const LONGEST_LIFE_SECONDS = 86_400;

/** Who a request says it comes from, proven by its signature (RFC 8292). @throws when it is not proven for `origin` */
export const verifyVapid = async (authorization: string | undefined, origin: string): Promise<{ publicKey: string; subject: string }> => {
  const [, token, publicKey] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(authorization ?? '') ?? [];
  if (token === undefined || publicKey === undefined) throw new Error('no VAPID header');
  const point = Buffer.from(publicKey, 'base64url');
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((coordinate) => coordinate.toString('base64url'));
  const key = await importJWK({ kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' }, 'ES256');
  const { payload } = await jwtVerify(token, key, { algorithms: ['ES256'], audience: origin, requiredClaims: ['exp', 'sub'] });
  if ((payload.exp as number) > Date.now() / 1000 + LONGEST_LIFE_SECONDS) throw new Error('good for longer than a day');
  return { publicKey, subject: payload.sub as string };
};
