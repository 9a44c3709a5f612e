import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_RING_SECONDS, MIN_RING_SECONDS } from '@trunkline/contract';
import {
  commonSettings,
  httpUrl,
  integer,
  internalToken,
  list,
  loadConfig,
  port,
  pushEndpointSettings,
  type Rule,
  refuseDevelopmentSecrets,
  refuseInsecurePushInProduction,
  requireOneTokenSource,
  tokenSettings,
} from '@trunkline/service-kit';
import { z } from 'zod';
import { mediaSettings, requireWholeProviders } from './media/media-settings.ts';
import { requireWebhookSecret, webhookSettings } from './webhooks/webhook-settings.ts';

/** 0: no limit. */
const limit = () => integer(0, 1_000_000);

export const callServiceSettings = {
  ...commonSettings,
  ...tokenSettings,
  PORT: port().default(4000).describe('Where the service listens'),
  HOST: z.string().optional().describe('The address to listen on; all of them where unset'),
  STOP_NOTICE_SECONDS: integer(0, 15)
    .default(3)
    .describe('How long a call-service that is told to stop goes on answering, so that load balancers see in time that it is not ready'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }).describe('PostgreSQL, the truth'),
  DATABASE_POOL_SIZE: integer(2, 200).default(10).describe('Connections to PostgreSQL from one replica'),
  INTERNAL_TOKEN_PREVIOUS: internalToken()
    .optional()
    .describe('While `INTERNAL_TOKEN` is being replaced: the one before, which still counts'),
  SERVER_API_KEYS: list()
    .default([])
    .describe(
      "Keys of the app's backend for /v1/server, separated by commas, in production each of at least 16 characters without white space; those that need no restart are in a table",
    ),
  RING_TIMEOUT_SECONDS: integer(MIN_RING_SECONDS, MAX_RING_SECONDS)
    .default(60)
    .describe('How long a call rings, where the command does not say'),
  CALLER_GRACE_SECONDS: integer(0, 120).default(10).describe('How long a ringing call outlives its caller’s last connection'),
  UNREACHABLE_GRACE_SECONDS: integer(0, 120).default(10).describe('How long a call waits for a callee with no connection'),
  CONNECT_TIMEOUT_SECONDS: integer(0, 3600)
    .default(0)
    .describe('How long an accepted call may take to report that it is connected; 0: for ever'),
  CALL_MAX_SECONDS: integer(1, 604_800).default(14_400).describe('How long a call may last'),
  GATEWAY_LEASE_SECONDS: integer(3, 300).default(15).describe('How long a gateway that was not heard counts as alive'),
  LIMIT_INITIATE_PER_MINUTE: limit().default(30).describe('How many calls one person may place in a minute'),
  LIMIT_INITIATE_PER_PAIR_PER_MINUTE: limit().default(10).describe('How many calls one person may place to the same other in a minute'),
  LIMIT_MESSAGES_PER_MINUTE: limit()
    .default(6000)
    .describe('How many chat messages one person may send in a minute, over sockets and REST together'),
  LIMIT_REST_PER_MINUTE: limit().default(60).describe('How many requests one user may send to one REST route in a minute'),
  LIMIT_CONNECTIONS_PER_USER: limit().default(20).describe('How many connections one user may hold, on all gateways together'),
  MESSAGE_ARCHIVE_DAYS: integer(0, 36_500)
    .default(365)
    .describe('After how many days chat messages move to the archive, where history still finds them; 0: never'),
  ...pushEndpointSettings,
  PUSH_RING: z
    .enum(['always', 'when_unacknowledged'])
    .default('always')
    .describe('Whether a ring is pushed at once, or only when no device has acknowledged it in time'),
  PUSH_ESCALATE_MS: integer(0, 60_000)
    .default(3000)
    .describe('With `PUSH_RING=when_unacknowledged`: how long a device may take to acknowledge a ring'),
  PUSH_INCLUDE_TEXT: z
    .enum(['0', '1'])
    .default('0')
    .transform((flag) => flag === '1')
    .describe('`1`: what people write in chats is in pushes too'),
  VAPID_PUBLIC_KEY: z
    .string()
    .regex(/^[A-Za-z0-9_-]{87}$/, 'must be the base64url of 65 bytes, as `pnpm trunkline vapid` prints it')
    .optional()
    .describe('The public key that Web Push subscriptions are made for'),
  CONSOLE_DIR: z
    .string()
    .refine((folder) => existsSync(join(folder, 'index.html')), 'must be the folder of the built console')
    .optional()
    .describe('Where the built console is (`packages/console/dist`), to be served at `/console`; no console where unset'),
  CONSOLE_GATEWAY_URLS: list()
    .pipe(z.array(httpUrl()))
    .default([])
    .describe('Gateways that phones of the console may choose from, separated by commas; sockets are where the console is where unset'),
  ...mediaSettings,
  ...webhookSettings,
  BUSY_POLICY: z.enum(['reject', 'ring']).default('reject').describe('What a call to somebody in another call does'),
};

const Settings = z.object(callServiceSettings);

/** Refuses keys that could be guessed where `NODE_ENV` is `production`; a blank inside is two keys without their comma. */
const requireStrongServerKeys: Rule<{ NODE_ENV: string; SERVER_API_KEYS: readonly string[] }> = {
  judge: ({ NODE_ENV, SERVER_API_KEYS: keys }, context) => {
    if (NODE_ENV !== 'production') return;
    for (const [index, key] of keys.entries()) {
      const message = `key ${index + 1} of ${keys.length} must have at least 16 characters and no white space inside, in production`;
      if (!/^\S{16,}$/.test(key)) context.addIssue({ code: 'custom', path: ['SERVER_API_KEYS'], message });
    }
  },
};

const RULES = [
  requireOneTokenSource,
  requireWholeProviders,
  requireWebhookSecret,
  requireStrongServerKeys,
  refuseDevelopmentSecrets,
  refuseInsecurePushInProduction,
];

export type CallServiceConfig = Readonly<z.infer<typeof Settings>>;

/** @throws ConfigError naming every problem */
export const loadCallServiceConfig = (env: Readonly<Record<string, string | undefined>>): CallServiceConfig =>
  loadConfig(Settings, env, RULES);
