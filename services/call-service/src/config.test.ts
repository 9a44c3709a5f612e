import { ConfigError, DEV_INTERNAL_TOKEN, DEV_JWT_SECRET, DEV_WEBHOOK_SECRET } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { loadCallServiceConfig } from './config.ts';

const ENOUGH = {
  DATABASE_URL: 'postgres://127.0.0.1/x',
  REDIS_URL: 'redis://127.0.0.1:6379',
  INTERNAL_TOKEN: 'an-internal-token-of-a-test',
  JWT_SECRET: 'a-secret-of-a-test-with-32-characters',
};

/** The variables with a problem, one for each. */
const wrongIn = (env: Record<string, string>): string[] => {
  try {
    loadCallServiceConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.slice(0, problem.indexOf(':')));
    throw error;
  }
};

it.each<[Record<string, string>, string[]]>([
  [{}, ['REDIS_URL', 'INTERNAL_TOKEN', 'DATABASE_URL', 'JWT_SECRET']],
  [ENOUGH, []],
  [
    { ...ENOUGH, NODE_ENV: 'production', LOG_LEVEL: 'loud', INTERNAL_TOKEN: DEV_INTERNAL_TOKEN, JWT_SECRET: DEV_JWT_SECRET },
    ['LOG_LEVEL', 'JWT_SECRET', 'INTERNAL_TOKEN'],
  ],
  [{ ...ENOUGH, PORT: 'x', WEBHOOK_URL: 'https://app.example/hook' }, ['PORT', 'WEBHOOK_SECRET']],
  [{ ...ENOUGH, PORT: 'x', LIVEKIT_API_KEY: 'key' }, ['PORT', 'LIVEKIT_URL', 'LIVEKIT_API_SECRET']],
])('with %j, everything that is wrong is named at once', (env, names) => {
  expect(wrongIn(env)).toEqual(names);
});

it.each<[Record<string, string>, string[]]>([
  [{ JWT_SECRET: 'short' }, ['JWT_SECRET']],
  [{ JWT_SECRET: '', JWT_JWKS_URL: 'ftp://x' }, ['JWT_JWKS_URL']],
  [{ TURN_URLS: 'http://x', TURN_SECRET: 'a-secret-of-the-turn-server' }, ['TURN_URLS']],
  [{ TURN_URLS: 'turn:x:3478', TURN_SECRET: 'short' }, ['TURN_SECRET']],
  [{ TURN_URLS: 'turn:x:3478', TURN_SECRET: 'a-secret-of-the-turn-server\n' }, ['TURN_SECRET']],
  [
    { LIVEKIT_URL: 'wss://x', LIVEKIT_API_KEY: 'key\n', LIVEKIT_API_SECRET: 'the-key-of-livekit\n' },
    ['LIVEKIT_API_KEY', 'LIVEKIT_API_SECRET'],
  ],
  [{ AGORA_APP_ID: 'x', AGORA_APP_CERTIFICATE: '0'.repeat(32) }, ['AGORA_APP_ID']],
  [{ WEBHOOK_URL: 'https://app.example/hook', WEBHOOK_SECRET: 'x' }, ['WEBHOOK_SECRET']],
  [{ WEBHOOK_URL: 'https://me:secret@app.example/hook', WEBHOOK_SECRET: DEV_WEBHOOK_SECRET }, ['WEBHOOK_URL']],
  [{ PRE_RING_HOOK_URL: 'https://me@app.example/hook', WEBHOOK_SECRET: DEV_WEBHOOK_SECRET }, ['PRE_RING_HOOK_URL']],
  [{ JWT_SECRET: '', JWT_JWKS_URL: 'https://me:secret@app.example/keys' }, ['JWT_JWKS_URL']],
  [{ CONSOLE_GATEWAY_URLS: 'https://a.example,https://:secret@b.example' }, ['CONSOLE_GATEWAY_URLS']],
  [{ WEBHOOK_URL: 'x', WEBHOOK_SECRET: 'x' }, ['WEBHOOK_URL', 'WEBHOOK_SECRET']],
  [{ TURN_URLS: 'http://x' }, ['TURN_URLS']],
  [{ NODE_ENV: 'production', WEB_PUSH_ALLOW_INSECURE: 'yes' }, ['WEB_PUSH_ALLOW_INSECURE']],
])('with %j, what is wrong is named once, and nothing for its sake', (changes, names) => {
  expect(wrongIn({ ...ENOUGH, ...changes })).toEqual(names);
});

it.each<[Record<string, string>, string[]]>([
  [{ WEBHOOK_URL: 'x' }, ['WEBHOOK_URL', 'WEBHOOK_SECRET']],
  [{ PRE_RING_HOOK_URL: 'ftp://x' }, ['PRE_RING_HOOK_URL', 'WEBHOOK_SECRET']],
  [{ TURN_URLS: 'turn:x:3478?transport=sctp' }, ['TURN_URLS', 'TURN_SECRET']],
  [{ TURN_URLS: 'http://x, turns:x' }, ['TURN_URLS', 'TURN_SECRET']],
  [{ TURN_URLS: 'http://x', LIVEKIT_API_KEY: 'key' }, ['TURN_URLS', 'LIVEKIT_URL', 'LIVEKIT_API_SECRET']],
  [{ TURN_SECRET: 'short' }, ['TURN_SECRET', 'TURN_SECRET']],
  [{ TURN_URLS: 'stun:x?', TURN_SECRET: 'a-secret-of-the-turn-server' }, ['TURN_URLS', 'TURN_SECRET']],
  [{ AGORA_APP_ID: 'x' }, ['AGORA_APP_ID', 'AGORA_APP_CERTIFICATE']],
  [{ LIVEKIT_URL: 'x' }, ['LIVEKIT_URL', 'LIVEKIT_API_KEY', 'LIVEKIT_API_SECRET']],
  [{ JWT_JWKS_URL: 'x' }, ['JWT_JWKS_URL', 'JWT_SECRET']],
  [{ JWT_SECRET: 'short', JWT_JWKS_URL: 'https://app.example/keys' }, ['JWT_SECRET', 'JWT_SECRET']],
  [{ NODE_ENV: 'production', WEBHOOK_SECRET: `${DEV_WEBHOOK_SECRET},x` }, ['WEBHOOK_SECRET', 'WEBHOOK_SECRET']],
])('with %j, a bad value hides nothing that is wrong with its partners', (changes, names) => {
  expect(wrongIn({ ...ENOUGH, ...changes })).toEqual(names);
});

it.each<[string, Record<string, string>, string[]]>([
  ['short ones of production', { NODE_ENV: 'production', SERVER_API_KEYS: `${'k'.repeat(16)},secret-of-15-ch` }, ['key 2 of 2']],
  ['blanks between them', { NODE_ENV: 'production', SERVER_API_KEYS: `${'k'.repeat(16)} ${'l'.repeat(16)}` }, ['key 1 of 1']],
  ['all that are wrong', { NODE_ENV: 'production', SERVER_API_KEYS: `a,${'k'.repeat(16)},b` }, ['key 1 of 3', 'key 3 of 3']],
  ['long ones', { NODE_ENV: 'production', SERVER_API_KEYS: ` ${'k'.repeat(16)} , ${'l'.repeat(16)} ` }, []],
  ['none', { NODE_ENV: 'production' }, []],
  ['short ones elsewhere', { SERVER_API_KEYS: 'short, with blank' }, []],
])('keys of the server API, %s: production names those that could be guessed, and prints none', (_what, changes, keys) => {
  let problems: readonly string[] = [];
  try {
    loadCallServiceConfig({ ...ENOUGH, ...changes });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    ({ problems } = error);
  }
  expect(problems).toEqual(
    keys.map((key) => `SERVER_API_KEYS: ${key} must have at least 16 characters and no white space inside, in production`),
  );
});
