import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { newVapidPair } from '../vapid.ts';
import { judgePush } from './judge-push.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const ACCOUNT = {
  project_id: 'an-app',
  client_email: 'pushes@an-app.example',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
};
const FILES: Readonly<Record<string, string>> = { '/account.json': JSON.stringify(ACCOUNT), '/half.json': '{"project_id":"an-app"}' };
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

it.each([
  [{ FIREBASE_SERVICE_ACCOUNT: JSON.stringify(ACCOUNT) }, 'ok FCM: the service account of an-app'],
  [{ FIREBASE_SERVICE_ACCOUNT: '/account.json' }, 'ok FCM: the service account of an-app'],
  [{ GOOGLE_APPLICATION_CREDENTIALS: '/adc.json' }, 'ok FCM: GOOGLE_APPLICATION_CREDENTIALS is set'],
  [{ GOOGLE_CLOUD_PROJECT: 'an-app' }, 'ok FCM: GOOGLE_CLOUD_PROJECT is set'],
  [{ FCM_ENDPOINT: 'http://127.0.0.1:1' }, 'note FCM: goes to FCM_ENDPOINT, not to phones'],
])('%j sets FCM up', (env, says) => {
  expect(found({ ...VAPID, ...env })).toEqual([says, 'ok Web Push: the keys belong together']);
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
  [{ VAPID_PRIVATE_KEY: 'nonsense' }, 'problem VAPID_PRIVATE_KEY: does not belong to VAPID_PUBLIC_KEY'],
])('VAPID with %j is a problem, with something to do', (changes, says) => {
  expect(found({ ...VAPID, ...changes })[1]).toBe(says);
  expect(advised({ ...VAPID, ...changes })[1]).toContain('trunkline vapid');
});
