import { generateKeyPairSync } from 'node:crypto';
import { newVapidPair } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { judgePush } from './judge-push.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const ACCOUNT = {
  project_id: 'an-app',
  client_email: 'pushes@an-app.example',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
};
const FILES: Readonly<Record<string, string>> = {
  '/account.json': JSON.stringify(ACCOUNT),
  '/half.json': '{"project_id":"an-app"}',
  '/adc.json': '{"type":"external_account"}',
  '/empty.json': '',
};
const readText = (path: string): string => {
  const text = FILES[path];
  if (text === undefined) throw new Error(`ENOENT: ${path}`);
  return text;
};

const pair = newVapidPair();
const VAPID = { VAPID_PUBLIC_KEY: pair.publicKey, VAPID_PRIVATE_KEY: pair.privateKey, VAPID_SUBJECT: 'mailto:a@app.example' };

const found = (env: Record<string, string>) => judgePush(env, readText).map(({ level, about, says }) => `${level} ${about}: ${says}`);
const advised = (env: Record<string, string>) => judgePush(env, readText).map(({ advice }) => advice ?? '');

it('with no provider, says which phones get no push, and how they would', () => {
  expect(found({ FIREBASE_SERVICE_ACCOUNT: '', VAPID_SUBJECT: '' })).toEqual([
    'note FCM: is not set up, so phones get no push over it',
    'note Web Push: is not set up, so browsers get no push',
  ]);
  const [fcm, webPush] = advised({});
  expect(fcm).toContain('FIREBASE_SERVICE_ACCOUNT');
  expect(webPush).toMatch(/trunkline vapid[\s\S]*VAPID_SUBJECT/);
});

const CREDENTIALS = [
  { FIREBASE_SERVICE_ACCOUNT: '/account.json' },
  { GOOGLE_APPLICATION_CREDENTIALS: '/adc.json' },
  { GOOGLE_CLOUD_PROJECT: 'an-app' },
];

it.each([
  [{ FIREBASE_SERVICE_ACCOUNT: JSON.stringify(ACCOUNT) }, 'ok FCM: the service account of an-app'],
  [{ FIREBASE_SERVICE_ACCOUNT: '/account.json' }, 'ok FCM: the service account of an-app'],
  [{ GOOGLE_APPLICATION_CREDENTIALS: '/adc.json' }, 'ok FCM: GOOGLE_APPLICATION_CREDENTIALS is set'],
  [{ GOOGLE_CLOUD_PROJECT: 'an-app' }, 'ok FCM: GOOGLE_CLOUD_PROJECT is set'],
  [{ FCM_ENDPOINT: 'http://127.0.0.1:1' }, 'note FCM: goes to FCM_ENDPOINT, not to phones'],
])('%j sets FCM up', (env, says) => {
  expect(found({ ...VAPID, ...env })).toEqual([says, 'ok Web Push: the keys belong together']);
});

it.each(CREDENTIALS)('nothing reaches phones where FCM_ENDPOINT is left over beside %j', (credentials) => {
  const env = { ...VAPID, ...credentials, FCM_ENDPOINT: 'https://fcm-proxy.example' };
  expect(found(env)[0]).toBe('note FCM: goes to FCM_ENDPOINT, not to phones');
  expect(advised(env)[0]).toMatch(/Unset FCM_ENDPOINT/);
});

it.each([{}, ...CREDENTIALS])('FCM_ENDPOINT is a problem in production, with %j', (credentials) => {
  const env = { ...VAPID, ...credentials, NODE_ENV: 'production', FCM_ENDPOINT: 'http://127.0.0.1:4070' };
  expect(found(env)).toEqual(['problem FCM: goes to FCM_ENDPOINT, not to phones', 'ok Web Push: the keys belong together']);
  expect(advised(env)[0]).toMatch(/Unset FCM_ENDPOINT/);
});

it.each(['http://fcm.example.com', 'http://127.0.0.1.example.com', 'ftp://127.0.0.1', 'nowhere'])(
  'the FCM_ENDPOINT %s, with which the notifier does not start, is a problem',
  (endpoint) => {
    expect(found({ ...VAPID, FCM_ENDPOINT: endpoint })[0]).toMatch(/^problem FCM_ENDPOINT: (must|may) be /);
  },
);

it('a service account that cannot be read is a problem beside FCM_ENDPOINT too, since the notifier reads it', () => {
  expect(found({ ...VAPID, FCM_ENDPOINT: 'http://127.0.0.1:1', FIREBASE_SERVICE_ACCOUNT: '/half.json' }).slice(0, 2)).toEqual([
    'note FCM: goes to FCM_ENDPOINT, not to phones',
    expect.stringMatching(/^problem FIREBASE_SERVICE_ACCOUNT: /),
  ]);
});

it.each(['/no/such/file', '/empty.json'])('application default credentials at %s, with which each push fails, are a problem', (path) => {
  const env = { ...VAPID, GOOGLE_APPLICATION_CREDENTIALS: path, GOOGLE_CLOUD_PROJECT: 'an-app' };
  expect(found(env)[0]).toBe('problem GOOGLE_APPLICATION_CREDENTIALS: is no file that can be read and holds JSON');
  expect(advised(env)[0]).toBeTruthy();
});

it.each(['/no/such/file', '/half.json', '{"project_id"', 'null', JSON.stringify({ ...ACCOUNT, private_key: 'a secret' })])(
  'a service account of %s is a problem, and never printed',
  (account) => {
    const [fcm] = judgePush({ FIREBASE_SERVICE_ACCOUNT: account }, readText);
    expect(fcm).toMatchObject({ level: 'problem', about: 'FIREBASE_SERVICE_ACCOUNT', advice: expect.stringContaining('Firebase') });
    expect(JSON.stringify(fcm)).not.toContain('a secret');
  },
);

it.each([
  [{ VAPID_SUBJECT: '' }, 'problem Web Push: VAPID_SUBJECT is missing beside the others'],
  [{ VAPID_PUBLIC_KEY: '', VAPID_SUBJECT: '' }, 'problem Web Push: VAPID_PUBLIC_KEY, VAPID_SUBJECT is missing beside the others'],
  [{ VAPID_PRIVATE_KEY: newVapidPair().privateKey }, 'problem VAPID_PRIVATE_KEY: does not belong to VAPID_PUBLIC_KEY'],
  [{ VAPID_PRIVATE_KEY: 'nonsense' }, 'problem VAPID_PRIVATE_KEY: must be 32 bytes in base64url'],
  [{ VAPID_PRIVATE_KEY: `${pair.privateKey}=` }, 'problem VAPID_PRIVATE_KEY: must be 32 bytes in base64url'],
  [{ VAPID_SUBJECT: 'ops@app.example' }, 'problem VAPID_SUBJECT: must be a mailto: or https: URL'],
  [{ VAPID_SUBJECT: 'http://app.example' }, 'problem VAPID_SUBJECT: must be a mailto: or https: URL'],
])('VAPID with %j is a problem, with something to do', (changes, says) => {
  expect(found({ ...VAPID, ...changes })[1]).toBe(says);
  expect(advised({ ...VAPID, ...changes })[1]).toContain('trunkline vapid');
});

it('VAPID is said to hold where the subject is an https: URL', () => {
  expect(found({ ...VAPID, VAPID_SUBJECT: 'https://app.example/contact' })[1]).toBe('ok Web Push: the keys belong together');
});

it.each([
  [
    { NODE_ENV: 'production', WEB_PUSH_ALLOW_INSECURE: '1' },
    'problem WEB_PUSH_ALLOW_INSECURE: is for tests only, which production refuses',
  ],
  [{ WEB_PUSH_ALLOW_INSECURE: 'yes' }, expect.stringMatching(/^problem WEB_PUSH_ALLOW_INSECURE: /)],
  [{ WEB_PUSH_ALLOWED_HOSTS: 'https://push.example' }, expect.stringMatching(/^problem WEB_PUSH_ALLOWED_HOSTS: must be host names/)],
])('%j, with which services do not start, is a problem', (env, says) => {
  expect(found({ ...VAPID, ...env }).slice(1)).toEqual([says]);
  expect(found(env)).toContainEqual(says);
  expect(advised({ ...VAPID, ...env })[1]).toBeTruthy();
});
