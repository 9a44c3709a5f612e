import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { needsPushStandIn, startDevPush } from './dev-push.ts';

const newFolder = async () => {
  const path = await mkdtemp(join(tmpdir(), 'trunkline-push-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
};

test('a pair of keys is made once for a data folder, and only the notifier gets the private one', async () => {
  await using folder = await newFolder();
  await using first = await startDevPush({}, join(folder.path, 'data'), null);
  await using second = await startDevPush({}, join(folder.path, 'data'), null);
  expect(second.notifierEnv).toEqual(first.notifierEnv);
  expect(Object.keys(first.notifierEnv).sort()).toEqual(['VAPID_PRIVATE_KEY', 'VAPID_PUBLIC_KEY', 'VAPID_SUBJECT']);
  expect(first.callServiceEnv).toEqual({ VAPID_PUBLIC_KEY: first.notifierEnv['VAPID_PUBLIC_KEY'] });
  expect((await stat(join(folder.path, 'data/vapid.json'))).mode & 0o777).toBe(0o600);
});

test('keys of the environment are left alone', async () => {
  await using folder = await newFolder();
  await using push = await startDevPush({ VAPID_PUBLIC_KEY: 'a-key' }, folder.path, null);
  expect([push.callServiceEnv, push.notifierEnv]).toEqual([{}, {}]);
});

test('the notifier sends to the stand-in, and insecure Web Push is not switched on', async () => {
  await using folder = await newFolder();
  await using push = await startDevPush({}, folder.path, { port: 0, owner: 'push-stand-in', variable: 'PUSH_STAND_IN_PORT' });
  expect((await fetch(`${push.notifierEnv['FCM_ENDPOINT']}/pushes`)).status).toBe(200);
  expect(push.notifierEnv).not.toHaveProperty('WEB_PUSH_ALLOW_INSECURE');
});

test.each([
  [{}, true],
  [{ FIREBASE_SERVICE_ACCOUNT: '' }, true],
  [{ FIREBASE_SERVICE_ACCOUNT: '/account.json' }, false],
  [{ FCM_ENDPOINT: 'http://127.0.0.1:1' }, false],
  [{ GOOGLE_APPLICATION_CREDENTIALS: '/account.json' }, false],
])('with %j a stand-in is needed: %s', (env, isNeeded) => {
  expect(needsPushStandIn(env)).toBe(isNeeded);
});
