import { createHmac, createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectOnlyCare, connectRaw, createRestClient, type System, startSystem, TEST_JWT_SECRET } from '@trunkline/testing';
import { type JWTHeaderParameters, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ISSUER = 'https://auth.example.com';
const AUDIENCE = 'trunkline';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const secret = createSecretKey(TEST_JWT_SECRET, 'utf8');

const now = (): number => Math.floor(Date.now() / 1000);
const claims = (changes: object = {}): Record<string, unknown> => ({
  sub: 'ann',
  iss: ISSUER,
  aud: AUDIENCE,
  exp: now() + 600,
  ...changes,
});

const sign = (key: KeyObject, header: JWTHeaderParameters, changes: object = {}): Promise<string> =>
  new SignJWT(claims(changes)).setProtectedHeader(header).sign(key);

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** Signed by hand, with whatever for a key. */
const signHmac = (header: object, key: string | Buffer): string => {
  const signed = `${base64url(header)}.${base64url(claims())}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
};

/** Serves keys, and counts who asks. */
const startKeyServer = async (keys: readonly object[]) => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    asked: () => asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

const published = (key: KeyObject, kid: string, alg: string) => ({ ...key.export({ format: 'jwk' }), kid, alg, use: 'sig' });
const own = await startKeyServer([published(rsa.publicKey, 'rsa', 'RS256'), published(ec.publicKey, 'ec', 'ES256')]);
const theirs = await startKeyServer([published(otherRsa.publicKey, 'rsa', 'RS256')]);
afterAll(() => Promise.all([own[Symbol.asyncDispose](), theirs[Symbol.asyncDispose]()]));

type Tokens = Readonly<Record<string, () => Promise<string> | string>>;

/** What is wrong with a token's claims, whoever signed it. */
const badClaims = (signed: (changes: object) => Promise<string>): Tokens => ({
  expired: () => signed({ exp: now() - 1 }),
  'that ends at the beginning of time': () => signed({ exp: 0 }),
  'without an end': () => signed({ exp: undefined }),
  'whose end is text': () => signed({ exp: `${now() + 600}` }),
  'not valid yet': () => signed({ nbf: now() + 300 }),
  'of another issuer': () => signed({ iss: 'https://evil.example.com' }),
  'of an issuer that begins alike': () => signed({ iss: `${ISSUER}.evil.example.com` }),
  'of no issuer': () => signed({ iss: undefined }),
  'for somebody else': () => signed({ aud: 'another service' }),
  'for nobody': () => signed({ aud: undefined }),
  'without a user': () => signed({ sub: undefined }),
  'of a user without a name': () => signed({ sub: '' }),
  'of a user that cannot be stored': () => signed({ sub: 'a\0b' }),
  'of a user that is too long': () => signed({ sub: 'x'.repeat(129) }),
  'of a user that is a number': () => signed({ sub: 7 }),
});

const UNSIGNED: Tokens = {
  'with alg none': () => `${base64url({ alg: 'none', typ: 'JWT' })}.${base64url(claims())}.`,
  'with alg nOnE': () => `${base64url({ alg: 'nOnE' })}.${base64url(claims())}.`,
  'without an alg': () => `${base64url({ typ: 'JWT' })}.${base64url(claims())}.`,
  'of dots': () => '..',
  'of five parts': () => 'a.b.c.d.e',
  'that is no token': () => 'nonsense',
};

const MODES: readonly { name: string; settings: Readonly<Record<string, string>>; good: Tokens; bad: Tokens }[] = [
  {
    name: 'with a shared secret',
    settings: {},
    good: {
      'of HS256': () => sign(secret, { alg: 'HS256' }),
      'for several': () => sign(secret, { alg: 'HS256' }, { aud: ['other', AUDIENCE] }),
    },
    bad: {
      ...UNSIGNED,
      ...badClaims((changes) => sign(secret, { alg: 'HS256' }, changes)),
      'of HS512, which is not ours': () => sign(secret, { alg: 'HS512' }),
      'of another secret': () => sign(createSecretKey('another secret, as long as it must be', 'utf8'), { alg: 'HS256' }),
      'of the empty secret': () => signHmac({ alg: 'HS256' }, ''),
      'of a key pair': () => sign(rsa.privateKey, { alg: 'RS256' }),
      'that brings its own key': () => sign(rsa.privateKey, { alg: 'RS256', jwk: rsa.publicKey.export({ format: 'jwk' }) as never }),
      'that calls something critical': () => `${base64url({ alg: 'HS256', crit: ['exp'], exp: 0 })}.${base64url(claims())}.AAAA`,
    },
  },
  {
    name: 'with published keys',
    settings: { JWT_SECRET: '', JWT_JWKS_URL: own.url },
    good: {
      'of RS256': () => sign(rsa.privateKey, { alg: 'RS256', kid: 'rsa' }),
      'of ES256': () => sign(ec.privateKey, { alg: 'ES256', kid: 'ec' }),
    },
    bad: {
      ...UNSIGNED,
      ...badClaims((changes) => sign(rsa.privateKey, { alg: 'RS256', kid: 'rsa' }, changes)),
      'of HS256 with the public key as its secret (PEM)': () =>
        signHmac({ alg: 'HS256', kid: 'rsa' }, rsa.publicKey.export({ format: 'pem', type: 'spki' }) as string),
      'of HS256 with the public key as its secret (PKCS 1)': () =>
        signHmac({ alg: 'HS256', kid: 'rsa' }, rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }) as string),
      'of HS256 with the public key as its secret (JWK)': () =>
        signHmac({ alg: 'HS256', kid: 'rsa' }, JSON.stringify(rsa.publicKey.export({ format: 'jwk' }))),
      'of HS256 with the public key as its secret (DER)': () =>
        signHmac({ alg: 'HS256', kid: 'rsa' }, rsa.publicKey.export({ format: 'der', type: 'spki' }) as Buffer),
      'of HS256 with the secret of another mode': () => sign(secret, { alg: 'HS256' }),
      'of PS256, which is not ours': () => sign(rsa.privateKey, { alg: 'PS256', kid: 'rsa' }),
      'of RS512, which is not ours': () => sign(rsa.privateKey, { alg: 'RS512', kid: 'rsa' }),
      'of another key under our key’s name': () => sign(otherRsa.privateKey, { alg: 'RS256', kid: 'rsa' }),
      'of a key that nobody published': () => sign(otherRsa.privateKey, { alg: 'RS256', kid: 'unknown' }),
      'of RS256 that names the other kind of key': () => sign(rsa.privateKey, { alg: 'RS256', kid: 'ec' }),
      'that brings its own key': () =>
        sign(otherRsa.privateKey, { alg: 'RS256', kid: 'rsa', jwk: otherRsa.publicKey.export({ format: 'jwk' }) as never }),
      'that says where its keys are': () => sign(otherRsa.privateKey, { alg: 'RS256', kid: 'rsa', jku: theirs.url }),
      'whose key is a path': () => sign(otherRsa.privateKey, { alg: 'RS256', kid: '../../../dev/null' }),
    },
  },
];

describe.each(MODES)('$name, a token', ({ settings, good, bad }) => {
  let system: System;

  beforeAll(async () => {
    system = await startSystem({ gateways: 1, settings: { JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE, ...settings } });
  });
  afterAll(() => system[Symbol.asyncDispose]());

  /** What each door says to a token. */
  const atEveryDoor = async (token: string) => {
    const gateway = system.gateways[0]?.url as string;
    const rest = await createRestClient(system.callServices[0]?.url as string, token).get('/api/v1/calls/ringing');
    const webSocket = await connectRaw(`${gateway}/ws/chat?token=${encodeURIComponent(token)}`).then(
      async (client) => {
        await client[Symbol.asyncDispose]();
        return 101;
      },
      (refused) => refused.status as number,
    );
    const socketIo = await connectOnlyCare(gateway, token).then(
      async (client) => {
        await client[Symbol.asyncDispose]();
        return 'in';
      },
      (refused) => refused.data?.code as string,
    );
    return { rest: [rest.status, rest.text], webSocket, socketIo };
  };

  const REFUSED = {
    rest: [401, JSON.stringify({ success: false, message: 'The token is missing, invalid or expired', data: null })],
    webSocket: 401,
    socketIo: 'unauthenticated',
  };

  it.each(Object.entries(good))('%s comes in at every door', async (_name, token) => {
    expect(await atEveryDoor(await token())).toMatchObject({ rest: [200, expect.any(String)], webSocket: 101, socketIo: 'in' });
  });

  it.each(Object.entries(bad))('%s is refused at every door, in the same words', async (_name, token) => {
    expect(await atEveryDoor(await token())).toEqual(REFUSED);
  });

  it('leads nobody to a key that is not ours', () => {
    expect(theirs.asked()).toBe(0);
  });
});
