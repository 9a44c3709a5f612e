import { DEV_INTERNAL_TOKEN, DEV_JWT_SECRET, DEV_SERVER_KEY, DEV_WEBHOOK_SECRET } from '@trunkline/service-kit';
import type { Environment } from '../command.ts';
import type { Finding } from './finding.ts';
import { problemOf } from './problem-of.ts';
import { isStrongKey, readSecrets, secretsOfDevelopment } from './secret-settings.ts';

const KEYS_ADVICE = 'Give each caller a random one of its own: openssl rand -hex 32';

const ADVICE: Readonly<Record<string, string>> = {
  JWT_SECRET: 'Give it what signs your users’ tokens, at least 32 characters, or set JWT_JWKS_URL.',
  JWT_SECRET_PREVIOUS: 'Give it what signed your users’ tokens before JWT_SECRET, or unset it.',
  JWT_JWKS_URL: 'Give it the https:// address of your key set.',
  INTERNAL_TOKEN: 'Give every service the same random one: openssl rand -hex 32',
  INTERNAL_TOKEN_PREVIOUS: 'Give it the INTERNAL_TOKEN that is being replaced, or unset it.',
  SERVER_API_KEYS: KEYS_ADVICE,
  WEBHOOK_SECRET: 'Give call-service and your backend the same random one: echo "whsec_$(openssl rand -base64 32)"',
};

/** What `pnpm dev` uses where the environment leaves it open; never in production. */
const developmentValues = (env: Environment): Record<string, string> =>
  env['NODE_ENV'] === 'production'
    ? {}
    : {
        ...(env['JWT_JWKS_URL'] ? {} : { JWT_SECRET: DEV_JWT_SECRET }),
        ...(env['WEBHOOK_URL'] || env['PRE_RING_HOOK_URL'] ? { WEBHOOK_SECRET: DEV_WEBHOOK_SECRET } : {}),
        INTERNAL_TOKEN: DEV_INTERNAL_TOKEN,
        SERVER_API_KEYS: DEV_SERVER_KEY,
      };

const isGiven = ([, value]: [string, string | undefined]): boolean => value !== undefined && value !== '';

const lookAtKeys = (keys: readonly string[]): Finding => {
  const about = 'SERVER_API_KEYS';
  if (keys.length === 0) return { level: 'note', about, says: 'there is none: /v1/server takes only those that trunkline keys made' };
  const weak = keys.filter((key) => !isStrongKey(key)).length;
  if (weak === 0) return { level: 'ok', about, says: `${keys.length} key(s)` };
  return { level: 'note', about, says: `${weak} of ${keys.length} would be refused in production`, advice: KEYS_ADVICE };
};

/** The secrets of an environment, judged as the services judge them. No secret is ever printed. */
export const judgeSecrets = (env: Environment): Finding[] => {
  const secrets = { ...developmentValues(env), ...Object.fromEntries(Object.entries(env).filter(isGiven)) };
  const read = readSecrets(secrets);
  if ('problems' in read) return read.problems.map((problem) => problemOf(problem, ADVICE));
  const { NODE_ENV, SERVER_API_KEYS } = read.config;
  const inRepository = secretsOfDevelopment(secrets);
  const about = 'secrets';
  return [
    inRepository.length === 0
      ? { level: 'ok', about, says: `they hold (NODE_ENV=${NODE_ENV})` }
      : { level: 'note', about, says: `those of development, which everybody can read in the repository: ${inRepository.join(', ')}` },
    lookAtKeys(SERVER_API_KEYS),
  ];
};
