import { DEV_INTERNAL_TOKEN, DEV_JWT_SECRET, DEV_WEBHOOK_SECRET, newVapidPair } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import type { Environment } from '../command.ts';
import { runServiceProgram, type ServiceName } from '../service-program.ts';
import { judgePush } from './judge-push.ts';
import { judgeSecrets } from './judge-secrets.ts';
import { storeAddress } from './store-address.ts';

const { publicKey, privateKey } = newVapidPair();
const VAPID = { VAPID_PUBLIC_KEY: publicKey, VAPID_PRIVATE_KEY: privateKey, VAPID_SUBJECT: 'mailto:ops@app.example' };

const WHOLE = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://127.0.0.1/x',
  REDIS_URL: 'redis://127.0.0.1:1',
  CALL_SERVICE_URLS: 'http://127.0.0.1:1',
  JWT_SECRET: 'a secret that is good for nothing at all',
  INTERNAL_TOKEN: 'a-token-good-for-nothing',
};

/** They start processes. */
const PATIENCE = { timeout: 120_000 };

const inOrder = (names: readonly string[]): string[] => [...new Set(names)].sort();

/** The settings with which a service does not start. */
const refusedBy = async (service: ServiceName, env: Environment): Promise<string[]> => {
  const { complained } = await runServiceProgram(service, 'main.ts', ['--check-config'], env);
  return inOrder([...complained.matchAll(/^ {2}([A-Z_]+): /gm)].map(([, name]) => name as string));
};

const readNothing = (): string => {
  throw new Error('there is no file');
};

const judged = (env: Environment): string[] => {
  const stores = (['DATABASE_URL', 'REDIS_URL'] as const).filter((name) => 'problem' in storeAddress(name, env));
  const findings = [...judgeSecrets(env), ...judgePush(env, readNothing)].filter(({ level }) => level === 'problem');
  return inOrder([...stores, ...findings.map(({ about }) => about)]);
};

const webhookSecret = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 'w').toString('base64')}`;

interface Case {
  service: ServiceName;
  what: string;
  changes: Record<string, string>;
  names: string[];
}

it.each<Case>([
  {
    service: 'call-service',
    what: 'with what production refuses',
    changes: {
      DATABASE_URL: 'mysql://127.0.0.1/x',
      REDIS_URL: '127.0.0.1:1',
      JWT_SECRET_PREVIOUS: DEV_JWT_SECRET,
      INTERNAL_TOKEN_PREVIOUS: DEV_INTERNAL_TOKEN,
      SERVER_API_KEYS: 'k'.repeat(15),
      WEBHOOK_SECRET: DEV_WEBHOOK_SECRET,
      WEB_PUSH_ALLOW_INSECURE: '1',
    },
    names: [
      'DATABASE_URL',
      'INTERNAL_TOKEN_PREVIOUS',
      'JWT_SECRET_PREVIOUS',
      'REDIS_URL',
      'SERVER_API_KEYS',
      'WEBHOOK_SECRET',
      'WEB_PUSH_ALLOW_INSECURE',
    ],
  },
  {
    service: 'call-service',
    what: 'with two keys in one, and nothing to sign webhooks',
    changes: { SERVER_API_KEYS: `${'k'.repeat(16)} ${'l'.repeat(16)}`, WEBHOOK_URL: 'https://app.example/hook' },
    names: ['SERVER_API_KEYS', 'WEBHOOK_SECRET'],
  },
  {
    service: 'call-service',
    what: 'of development, with a short key and a short webhook secret',
    changes: { NODE_ENV: '', SERVER_API_KEYS: 'short', WEBHOOK_SECRET: webhookSecret(23) },
    names: ['WEBHOOK_SECRET'],
  },
  {
    service: 'call-service',
    what: 'with the least that production takes',
    changes: {
      DATABASE_URL: 'postgresql://127.0.0.1/x',
      REDIS_URL: 'rediss://a:1, rediss://b:1,',
      JWT_SECRET_PREVIOUS: 'p'.repeat(32),
      INTERNAL_TOKEN_PREVIOUS: 'p'.repeat(16),
      SERVER_API_KEYS: 'k'.repeat(16),
      WEBHOOK_SECRET: `${webhookSecret(24)} ${webhookSecret(64)}`,
      WEBHOOK_URL: 'https://app.example/hook',
    },
    names: [],
  },
  {
    service: 'notifier',
    what: 'with settings that are none',
    changes: {
      ...VAPID,
      VAPID_SUBJECT: 'ops@app.example',
      VAPID_PRIVATE_KEY: `${privateKey}=`,
      FCM_ENDPOINT: 'http://10.0.0.1',
      FIREBASE_SERVICE_ACCOUNT: '{}',
      WEB_PUSH_ALLOWED_HOSTS: 'https://push.example',
    },
    names: ['FCM_ENDPOINT', 'FIREBASE_SERVICE_ACCOUNT', 'VAPID_PRIVATE_KEY', 'VAPID_SUBJECT', 'WEB_PUSH_ALLOWED_HOSTS'],
  },
  {
    service: 'notifier',
    what: 'with the private key of another pair',
    changes: { ...VAPID, VAPID_PRIVATE_KEY: newVapidPair().privateKey },
    names: ['VAPID_PRIVATE_KEY'],
  },
  {
    service: 'notifier',
    what: 'of development, with all that it takes',
    changes: { NODE_ENV: '', ...VAPID, VAPID_SUBJECT: 'https://app.example', FCM_ENDPOINT: 'http://[::1]:1' },
    names: [],
  },
])('$service $what does not start for what doctor finds, and for nothing else', PATIENCE, async ({ service, changes, names }) => {
  const env = { ...WHOLE, ...changes };
  expect(judged(env)).toEqual(names);
  expect(await refusedBy(service, env)).toEqual(names);
});
