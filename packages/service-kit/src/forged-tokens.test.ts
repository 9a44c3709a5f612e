import { createHmac, createSecretKey, type webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createTokenVerifier } from './access-token.ts';

const SECRET = 'a secret of at least 32 characters, for tests';
const [KEY, OTHER_KEY] = [createSecretKey(SECRET, 'utf8'), createSecretKey(`${SECRET}!`, 'utf8')];

const verify = createTokenVerifier({ JWT_SECRET: SECRET, JWT_ISSUER: 'app', JWT_AUDIENCE: 'trunkline' });

const CLAIMS = { sub: 'ann', name: 'Zoë', iss: 'app', aud: ['x', 'trunkline'], exp: Math.floor(Date.now() / 1000) + 60 };

const signed = (
  claims: object,
  header: JWTHeaderParameters = { alg: 'HS256' },
  key: typeof KEY | webcrypto.CryptoKey = KEY,
): Promise<string> => new SignJWT({ ...CLAIMS, ...claims }).setProtectedHeader(header).sign(key, { crit: { 'urn:x': true } });

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const last = (text: string): string => (text.endsWith('A') ? 'B' : 'A');

describe('a token', () => {
  it('that is signed with our secret says who its bearer is', async () => {
    const identity = { userId: 'ann', name: 'Zoë', avatar: null, role: null, deviceId: null, expiresAt: CLAIMS.exp * 1000 };
    expect(await verify(await signed({}))).toEqual(identity);
    expect(await verify(await signed({}, { alg: 'HS256', typ: 'JWT', kid: '1' }))).toEqual(identity);
    expect(await verify(await signed({ device_id: '' }))).toEqual(identity);
  });

  it.each([
    ['without `exp`', { exp: undefined }],
    ['without `sub`', { sub: undefined }],
    ['that has expired', { exp: 1000 }],
    ['that is not valid yet', { nbf: CLAIMS.exp }],
    ['of another issuer', { iss: 'other' }],
    ['for somebody else', { aud: 'other' }],
    ['that ends at no time', { exp: 'tomorrow' }],
  ])('%s is refused', async (_name, claims) => {
    expect(await verify(await signed(claims))).toBeNull();
  });

  it.each<[string, (token: string) => string | Promise<string>]>([
    ['another secret', () => signed({}, { alg: 'HS256' }, OTHER_KEY)],
    ['another algorithm', () => signed({}, { alg: 'HS512' })],
    ['an extension that nobody here knows', () => signed({}, { alg: 'HS256', crit: ['urn:x'], 'urn:x': 1 })],
  ])('signed with %s is refused', async (_name, forge) => {
    expect(await verify(await forge(''))).toBeNull();
  });

  it.each<[string, (parts: { header: string; body: string; signature: string }) => string]>([
    ['whose claims were changed', ({ header, signature }) => `${header}.${encoded({ ...CLAIMS, sub: 'ben' })}.${signature}`],
    ['whose header was changed', ({ body, signature }) => `${encoded({ alg: 'HS256', kid: 'x' })}.${body}.${signature}`],
    ['whose signature was changed', ({ header, body, signature }) => `${header}.${body}.${last(signature[0] ?? '')}${signature.slice(1)}`],
    ['whose signature was cut', ({ header, body, signature }) => `${header}.${body}.${signature.slice(0, -1)}`],
    ['whose signature goes on', ({ header, body, signature }) => `${header}.${body}.${signature}A`],
    ['without a signature', ({ header, body }) => `${header}.${body}.`],
    ['of two parts', ({ header, body }) => `${header}.${body}`],
    ['of four parts', ({ header, body, signature }) => `${header}.${body}.${signature}.`],
    ['that says it needs no signature', () => new UnsecuredJWT(CLAIMS).encode()],
    ['that says so in another case', ({ body }) => `${encoded({ alg: 'NONE' })}.${body}.`],
    ['whose header is no object', ({ body, signature }) => `${encoded(null)}.${body}.${signature}`],
    ['whose header is no JSON', ({ body, signature }) => `e30x.${body}.${signature}`],
    ['that is empty', () => ''],
  ])('%s is refused', async (_name, forge) => {
    const [header = '', body = '', signature = ''] = (await signed({})).split('.');
    expect(await verify(`${header}.${body}.${signature}`)).not.toBeNull();
    expect(await verify(forge({ header, body, signature }))).toBeNull();
  });

  it('that names another algorithm than the one it is signed with is refused', async () => {
    const signedAs = (alg: string): string => {
      const text = `${encoded({ alg })}.${encoded(CLAIMS)}`;
      return `${text}.${createHmac('sha256', KEY).update(text).digest('base64url')}`;
    };
    expect(await verify(signedAs('HS256'))).not.toBeNull();
    for (const alg of ['HS512', 'none', 'RS256', 'hs256']) expect(await verify(signedAs(alg))).toBeNull();
  });

  it('that is longer than any need be is not even looked at', async () => {
    expect(await verify(await signed({ more: 'x'.repeat(8192) }))).toBeNull();
  });

  it('signed with the secret before counts while that is named', async () => {
    const token = await signed({});
    const rotated = { JWT_SECRET: `${SECRET}, the new one` };
    expect(await createTokenVerifier(rotated)(token)).toBeNull();
    expect(await createTokenVerifier({ ...rotated, JWT_SECRET_PREVIOUS: SECRET })(token)).not.toBeNull();
  });
});

/** Publishes keys, or answers something else. */
const publish = async (answer: { status: number; body: object }) => {
  const server = createServer((_request, response) => {
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const verifyPublished = createTokenVerifier({ JWT_JWKS_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
  return {
    verify: verifyPublished,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
};

describe('a token that is signed with a published key', () => {
  const signedAs = async (alg: string) => {
    const { publicKey, privateKey } = await generateKeyPair(alg);
    return { key: { ...(await exportJWK(publicKey)), kid: alg }, token: await signed({}, { alg, kid: alg }, privateKey) };
  };

  it('counts where it is signed as we have it, whatever else is published', async () => {
    const [ours, other] = [await signedAs('ES256'), await signedAs('EdDSA')];
    await using published = await publish({ status: 200, body: { keys: [ours.key, other.key] } });
    expect(await published.verify(ours.token)).toMatchObject({ userId: 'ann' });
    expect(await published.verify(other.token)).toBeNull();
  });

  it.each([
    { status: 503, body: {} },
    { status: 200, body: {} },
  ])('is not taken for a bad one where the keys do not come: $status', async (answer) => {
    await using published = await publish(answer);
    await expect(published.verify((await signedAs('ES256')).token)).rejects.toThrow();
  });
});
