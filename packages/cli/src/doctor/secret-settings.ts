import {
  commonSettings,
  internalToken,
  list,
  type Rule,
  readSettings,
  refuseDevelopmentSecrets,
  requireOneTokenSource,
  tokenSettings,
} from '@trunkline/service-kit';
import { z } from 'zod';
import type { Environment } from '../command.ts';

// What call-service alone reads is restated from its config.ts and webhooks/, since no service is imported here;
// same-as-services.test.ts compares them.

const WEBHOOK_SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;

const isWebhookSecret = (text: string): boolean => {
  const { length } = Buffer.from(WEBHOOK_SECRET.exec(text)?.[1] ?? '', 'base64');
  return length >= 24 && length <= 64;
};

const webhookSecrets = () =>
  z
    .string()
    .transform((text) => text.split(/[\s,]+/).filter((secret) => secret !== ''))
    .refine((secrets) => secrets.length > 0 && secrets.every(isWebhookSecret), 'must be whsec_ and 24 to 64 bytes as base64');

/** The secrets of all services, and what decides which of them are needed. */
const Secrets = z.object({
  NODE_ENV: commonSettings.NODE_ENV,
  INTERNAL_TOKEN: commonSettings.INTERNAL_TOKEN,
  INTERNAL_TOKEN_PREVIOUS: internalToken().optional(),
  JWT_SECRET: tokenSettings.JWT_SECRET,
  JWT_SECRET_PREVIOUS: tokenSettings.JWT_SECRET_PREVIOUS,
  JWT_JWKS_URL: tokenSettings.JWT_JWKS_URL,
  SERVER_API_KEYS: list().default([]),
  WEBHOOK_SECRET: webhookSecrets().optional(),
  WEBHOOK_URL: z.string().optional(),
  PRE_RING_HOOK_URL: z.string().optional(),
});

export const isStrongKey = (key: string): boolean => /^\S{16,}$/.test(key);

const requireStrongServerKeys: Rule<{ NODE_ENV: string; SERVER_API_KEYS: readonly string[] }> = {
  judge: ({ NODE_ENV, SERVER_API_KEYS: keys }, context) => {
    if (NODE_ENV !== 'production') return;
    for (const [index, key] of keys.entries()) {
      const message = `key ${index + 1} of ${keys.length} must have at least 16 characters and no white space inside, in production`;
      if (!isStrongKey(key)) context.addIssue({ code: 'custom', path: ['SERVER_API_KEYS'], message });
    }
  },
};

const requireWebhookSecret: Rule<Pick<z.output<typeof Secrets>, 'WEBHOOK_SECRET' | 'WEBHOOK_URL' | 'PRE_RING_HOOK_URL'>> = {
  judgeGiven: (given, context) => {
    const isNeeded = given.WEBHOOK_URL !== undefined || given.PRE_RING_HOOK_URL !== undefined;
    const message = 'is needed to sign what goes to WEBHOOK_URL and PRE_RING_HOOK_URL';
    if (isNeeded && given.WEBHOOK_SECRET === undefined) context.addIssue({ code: 'custom', path: ['WEBHOOK_SECRET'], message });
  },
};

const RULES = [requireOneTokenSource, requireWebhookSecret, requireStrongServerKeys, refuseDevelopmentSecrets];

/** The secrets as the services read them, or what they refuse of them. */
export const readSecrets = (env: Environment) => readSettings(Secrets, env, RULES);

/** The names of those that everybody can read in the repository, which production refuses. */
export const secretsOfDevelopment = (env: Environment): string[] => {
  const read = readSettings(Secrets, { ...env, NODE_ENV: 'production' }, [refuseDevelopmentSecrets]);
  return 'problems' in read ? read.problems.map(({ name }) => name) : [];
};
