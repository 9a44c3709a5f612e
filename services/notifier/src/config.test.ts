import { createECDH } from 'node:crypto';
import { ConfigError, DEV_INTERNAL_TOKEN } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { loadNotifierConfig } from './config.ts';

const pair = createECDH('prime256v1');
pair.setPrivateKey('ab'.repeat(32), 'hex');

const ENOUGH = {
  REDIS_URL: 'redis://127.0.0.1:6379',
  INTERNAL_TOKEN: 'an-internal-token-of-a-test',
  CALL_SERVICE_URLS: 'http://127.0.0.1:4000',
  VAPID_PUBLIC_KEY: pair.getPublicKey('base64url'),
  VAPID_PRIVATE_KEY: pair.getPrivateKey('base64url'),
  VAPID_SUBJECT: 'mailto:someone@app.example',
};

it.each<[Record<string, string>, RegExp[]]>([
  [
    { LOG_LEVEL: 'loud', VAPID_SUBJECT: '', NODE_ENV: 'production', INTERNAL_TOKEN: DEV_INTERNAL_TOKEN, WEB_PUSH_ALLOW_INSECURE: '1' },
    [/^LOG_LEVEL: /, /^INTERNAL_TOKEN: /, /^WEB_PUSH_ALLOW_INSECURE: /, /^VAPID_SUBJECT: is needed/],
  ],
  [{ CALL_SERVICE_URLS: 'http://me:secret@127.0.0.1:4000' }, [/^CALL_SERVICE_URLS: must be a URL without a user and a password$/]],
  [{ VAPID_PUBLIC_KEY: 'x' }, [/^VAPID_PUBLIC_KEY: must be/]],
  [{ VAPID_PRIVATE_KEY: 'x' }, [/^VAPID_PRIVATE_KEY: must be/]],
  [
    { VAPID_PUBLIC_KEY: 'x', VAPID_PRIVATE_KEY: '', VAPID_SUBJECT: '' },
    [/^VAPID_PUBLIC_KEY: must be/, /^VAPID_PRIVATE_KEY: is needed/, /^VAPID_SUBJECT: is needed/],
  ],
  [{ VAPID_PRIVATE_KEY: 'x', VAPID_SUBJECT: '' }, [/^VAPID_PRIVATE_KEY: must be/, /^VAPID_SUBJECT: is needed/]],
  [
    { GOOGLE_APPLICATION_CREDENTIALS: '/etc/adc.json\n', GOOGLE_CLOUD_PROJECT: 'an-app\n' },
    [/^GOOGLE_APPLICATION_CREDENTIALS: /, /^GOOGLE_CLOUD_PROJECT: /],
  ],
])('with %j, everything that is wrong is named once', (changes, problems) => {
  const attempt = () => loadNotifierConfig({ ...ENOUGH, ...changes });
  expect(attempt).toThrow(ConfigError);
  expect(attempt).toThrow(expect.objectContaining({ problems: problems.map((problem) => expect.stringMatching(problem)) }));
});

it('holds as it should be', () => {
  expect(loadNotifierConfig(ENOUGH)).toMatchObject({ PORT: 4090, VAPID_SUBJECT: 'mailto:someone@app.example' });
});
