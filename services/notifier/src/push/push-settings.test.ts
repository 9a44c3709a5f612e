import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newVapidPair } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { loadNotifierConfig } from '../config.ts';

const NEEDED = {
  REDIS_URL: 'redis://127.0.0.1:1',
  INTERNAL_TOKEN: 'the-internal-token-of-tests-only',
  CALL_SERVICE_URLS: 'http://127.0.0.1:1',
};

const load = (settings: Record<string, string>) => loadNotifierConfig({ ...NEEDED, ...settings });

const problemOf = (settings: Record<string, string>): string => {
  try {
    load(settings);
    return '';
  } catch (error) {
    return String(error);
  }
};

const newVapid = () => {
  const { publicKey, privateKey } = newVapidPair();
  return { VAPID_PUBLIC_KEY: publicKey, VAPID_PRIVATE_KEY: privateKey, VAPID_SUBJECT: 'https://example.com/contact' };
};

const ACCOUNT = {
  type: 'service_account',
  project_id: 'an-app',
  client_email: 'push@an-app.example',
  private_key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
};

it('nothing of push has to be set', () => {
  expect(load({})).toMatchObject({ FCM_RATE_PER_SECOND: 0, PUSH_CONCURRENCY: 100, WEB_PUSH_ALLOW_INSECURE: false });
});

it('a service account is given as JSON or as a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-account-'));
  const file = join(folder, 'account.json');
  writeFileSync(file, JSON.stringify(ACCOUNT));
  try {
    expect(load({ FIREBASE_SERVICE_ACCOUNT: JSON.stringify(ACCOUNT) }).FIREBASE_SERVICE_ACCOUNT).toEqual(ACCOUNT);
    expect(load({ FIREBASE_SERVICE_ACCOUNT: file }).FIREBASE_SERVICE_ACCOUNT).toEqual(ACCOUNT);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const WRONG_KEY = JSON.stringify({ ...ACCOUNT, private_key: 'SECRET-KEY' });

it.each(['{"project_id":"an-app","private_key":"SECRET-KEY"}', WRONG_KEY, '{"SECRET-KEY', '/nowhere/SECRET-KEY.json'])(
  'the account %s is refused without being quoted',
  (account) => {
    const problem = problemOf({ FIREBASE_SERVICE_ACCOUNT: account });
    expect(problem).toContain("FIREBASE_SERVICE_ACCOUNT: must be a service account's JSON");
    expect(problem).not.toContain('SECRET-KEY');
  },
);

it.each(['https://fcm.example.com', 'http://127.0.0.1:4070', 'http://localhost:4070/base', 'http://[::1]:4070'])(
  'FCM may be redirected to %s',
  (endpoint) => {
    expect(load({ FCM_ENDPOINT: endpoint }).FCM_ENDPOINT).toBe(endpoint);
  },
);

it.each(['http://fcm.example.com', 'http://127.0.0.1.example.com', 'http://10.0.0.1:80', 'ftp://127.0.0.1', 'nowhere'])(
  'FCM may not be redirected to %s',
  (endpoint) => {
    expect(problemOf({ FCM_ENDPOINT: endpoint })).toContain('FCM_ENDPOINT: ');
  },
);

it('VAPID is set as a whole', () => {
  const vapid = newVapid();
  expect(load(vapid)).toMatchObject(vapid);
  expect(problemOf({ VAPID_PUBLIC_KEY: vapid.VAPID_PUBLIC_KEY })).toMatch(/VAPID_PRIVATE_KEY: is needed[\s\S]*VAPID_SUBJECT: is needed/);
});

it('VAPID keys belong together, and are keys', () => {
  const vapid = newVapid();
  const problem = problemOf({ ...vapid, VAPID_PUBLIC_KEY: newVapid().VAPID_PUBLIC_KEY });
  expect(problem).toContain('VAPID_PRIVATE_KEY: does not belong to VAPID_PUBLIC_KEY');
  expect(problem).not.toContain(vapid.VAPID_PRIVATE_KEY);
  expect(problemOf({ ...vapid, VAPID_PRIVATE_KEY: 'short' })).toContain('VAPID_PRIVATE_KEY: must be 32 bytes in base64url');
  expect(problemOf({ ...vapid, VAPID_SUBJECT: 'me' })).toContain('VAPID_SUBJECT: must be a mailto: or https: URL');
});
