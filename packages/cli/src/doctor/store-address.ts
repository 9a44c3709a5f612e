import { commonSettings } from '@trunkline/service-kit';
import { z } from 'zod';
import type { Environment } from '../command.ts';
import type { Finding } from './finding.ts';

const STORES = {
  // Restated from services/call-service/src/config.ts, since no service is imported here; same-as-services.test.ts compares them.
  DATABASE_URL: { about: 'PostgreSQL', setting: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }) },
  REDIS_URL: { about: 'Redis', setting: commonSettings.REDIS_URL },
};

/** Where a store is, as the services read it, or what is wrong with that. Never quoted: there may be a password in it. */
export const storeAddress = (name: keyof typeof STORES, env: Environment): { url: string } | { problem: Finding } => {
  const { about, setting } = STORES[name];
  const advice = 'Set it to the one that the services have; pnpm dev prints its own.';
  if (!env[name]) return { problem: { level: 'problem', about, says: `${name} is not set`, advice } };
  const parsed = z.safeParse(setting, env[name]);
  if (parsed.success) return { url: parsed.data };
  return { problem: { level: 'problem', about, says: `${name} ${parsed.error.issues[0]?.message}`, advice } };
};

/** The URLs of a `REDIS_URL`. What the nodes of a cluster share is said by the first, as packages/bus/src/redis-connection.ts has it. */
export const redisNodes = (redisUrl: string): string[] => {
  const [first = '', ...others] = redisUrl.split(',');
  const { protocol, username, password } = new URL(first);
  const completed = others.map((text) => {
    const url = new URL(text);
    url.protocol = protocol;
    return url.username === '' && url.password === '' ? Object.assign(url, { username, password }).href : url.href;
  });
  return [first, ...completed];
};
