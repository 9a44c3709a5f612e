import { resolve } from 'node:path';
import { DEV_INTERNAL_TOKEN, DEV_JWT_SECRET, DEV_SERVER_KEY, DEV_WEBHOOK_SECRET, integer, loadConfig } from '@trunkline/service-kit';
import { z } from 'zod';
import type { Environment } from '../command.ts';

export const REPOSITORY = resolve(import.meta.dirname, '../../../..');

const port = () => integer(1, 65_535);
const replicas = () => integer(1, 32);

const DevSettings = z.object({
  DATA_DIR: z
    .string()
    .default(resolve(REPOSITORY, '.trunkline'))
    .transform((folder) => resolve(folder)),
  CALL_SERVICES: replicas().default(1),
  GATEWAYS: replicas().default(2),
  CALL_SERVICE_PORT: port().default(4000),
  GATEWAY_PORT: port().default(4001),
  NOTIFIER_PORT: port().default(4090),
  FRONT_DOOR_PORT: port().default(4080),
  PUSH_STAND_IN_PORT: port().default(4070),
});

export type DevSettings = Readonly<z.output<typeof DevSettings>>;

/** @throws ConfigError naming every problem */
export const loadDevSettings = (env: Environment): DevSettings => loadConfig(DevSettings, env);

const defined = (env: Environment): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));

/** What every service is started with: the environment as it is, and the development values of what it leaves open. */
export const serviceEnvironment = (
  env: Environment,
  settings: DevSettings,
  backing: { databaseUrl: string; redisUrl: string },
  pages: { consoleDir: string; gateways: readonly number[] },
): Record<string, string> => ({
  ...(env['JWT_JWKS_URL'] ? {} : { JWT_SECRET: DEV_JWT_SECRET }),
  SERVER_API_KEYS: DEV_SERVER_KEY,
  WEBHOOK_SECRET: DEV_WEBHOOK_SECRET,
  INTERNAL_TOKEN: DEV_INTERNAL_TOKEN,
  ALLOWED_ORIGINS: ['localhost', '127.0.0.1']
    .flatMap((host) => [settings.FRONT_DOOR_PORT, settings.CALL_SERVICE_PORT].map((port) => `http://${host}:${port}`))
    .join(','),
  CONSOLE_DIR: pages.consoleDir,
  CONSOLE_GATEWAY_URLS: pages.gateways.map((port) => `http://127.0.0.1:${port}`).join(','),
  DRAIN_SECONDS: '0',
  STOP_NOTICE_SECONDS: '0',
  NODE_COMPILE_CACHE: resolve(settings.DATA_DIR, 'compile-cache'),
  ...defined(env),
  // All addresses: we ask them on 127.0.0.1, and some shells have the machine's name here.
  HOST: '',
  NODE_ENV: 'development',
  DATABASE_URL: backing.databaseUrl,
  REDIS_URL: backing.redisUrl,
});
