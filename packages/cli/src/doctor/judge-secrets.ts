import {
  commonSettings,
  DEV_INTERNAL_TOKEN,
  DEV_JWT_SECRET,
  DEV_SERVER_KEY,
  list,
  readSettings,
  refuseDevelopmentSecrets,
  requireOneTokenSource,
  type SettingProblem,
  tokenSettings,
} from '@trunkline/service-kit';
import { z } from 'zod';
import type { Environment } from '../command.ts';
import type { Finding } from './finding.ts';

const Secrets = z.object({
  NODE_ENV: commonSettings.NODE_ENV,
  INTERNAL_TOKEN: commonSettings.INTERNAL_TOKEN,
  JWT_SECRET: tokenSettings.JWT_SECRET,
  JWT_JWKS_URL: tokenSettings.JWT_JWKS_URL,
  SERVER_API_KEYS: list().default([]),
});

const SHORTEST_KEY = 24;

const ADVICE: Readonly<Record<string, string>> = {
  JWT_SECRET: 'Give it what signs your users’ tokens, at least 32 characters, or set JWT_JWKS_URL.',
  JWT_JWKS_URL: 'Give it the https:// address of your key set.',
  INTERNAL_TOKEN: 'Give every service the same random one: openssl rand -hex 32',
  SERVER_API_KEYS: 'Give each caller a random one of its own: openssl rand -hex 32',
};

const problemOf = ({ name, says }: SettingProblem): Finding => {
  const advice = ADVICE[name];
  return { level: 'problem', about: name, says, ...(advice === undefined ? {} : { advice }) };
};

/** What `pnpm dev` uses where the environment leaves it open; never in production. */
const developmentValues = (env: Environment): Record<string, string> =>
  env['NODE_ENV'] === 'production'
    ? {}
    : {
        ...(env['JWT_JWKS_URL'] ? {} : { JWT_SECRET: DEV_JWT_SECRET }),
        INTERNAL_TOKEN: DEV_INTERNAL_TOKEN,
        SERVER_API_KEYS: DEV_SERVER_KEY,
      };

const isGiven = ([, value]: [string, string | undefined]): boolean => value !== undefined && value !== '';

const lookAtKeys = (keys: readonly string[]): Finding => {
  const about = 'SERVER_API_KEYS';
  if (keys.length === 0) return { level: 'note', about, says: 'there is none, so /v1/server is closed to everybody' };
  const short = keys.filter((key) => key.length < SHORTEST_KEY && key !== DEV_SERVER_KEY).length;
  if (short === 0) return { level: 'ok', about, says: `${keys.length} key(s)` };
  return {
    level: 'problem',
    about,
    says: `${short} of ${keys.length} have fewer than ${SHORTEST_KEY} characters`,
    advice: ADVICE[about] as string,
  };
};

/** The secrets of an environment, judged as the services judge them. No secret is ever printed. */
export const judgeSecrets = (env: Environment): Finding[] => {
  const given = Object.fromEntries(Object.entries(env).filter(isGiven));
  const read = readSettings(Secrets, { ...developmentValues(env), ...given }, [requireOneTokenSource, refuseDevelopmentSecrets]);
  if ('problems' in read) return read.problems.map(problemOf);
  const { NODE_ENV, INTERNAL_TOKEN, JWT_SECRET, SERVER_API_KEYS } = read.config;
  const isDevelopment = INTERNAL_TOKEN === DEV_INTERNAL_TOKEN || JWT_SECRET === DEV_JWT_SECRET;
  const says = isDevelopment ? 'those of development, which everybody can read in the repository' : `they hold (NODE_ENV=${NODE_ENV})`;
  return [{ level: isDevelopment ? 'note' : 'ok', about: 'secrets', says }, lookAtKeys(SERVER_API_KEYS)];
};
