import { readFileSync } from 'node:fs';
import { commandOnce, queryOnce } from '@trunkline/backing-services';
import type { Environment } from '../command.ts';
import type { Finding } from './finding.ts';
import { judgeClock } from './judge-clocks.ts';
import { type DatabaseFacts, judgeDatabase } from './judge-database.ts';
import { judgeNodeEnv } from './judge-node-env.ts';
import { judgePush } from './judge-push.ts';
import { judgeRedis, redisFactsIn } from './judge-redis.ts';
import { judgeSecrets } from './judge-secrets.ts';
import { judgeService } from './judge-service.ts';

const TIMEOUT_MS = 5000;

const FACTS = `SELECT current_setting('server_version_num')::integer AS version, current_setting('synchronous_commit') AS "synchronousCommit",
  current_setting('fsync') AS fsync, current_setting('full_page_writes') AS "fullPageWrites",
  current_setting('max_connections')::integer AS "maxConnections", to_regclass('call_trace') IS NOT NULL AS "isMigrated"`;
const CLOCK = 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now';

const unset = (name: string, about: string): Finding => ({
  level: 'problem',
  about,
  says: `${name} is not set`,
  advice: `Set it to the one that the services have; pnpm dev prints its own.`,
});

const away = (about: string, error: unknown): Finding => ({
  level: 'problem',
  about,
  says: `does not answer: ${error instanceof Error ? error.message || error.name : String(error)}`,
  advice: 'Look whether it runs, and whether this machine may reach it.',
});

/** Asks for a clock, and counts as doubt what the question took. */
const readClock = async (of: string, read: () => Promise<number>): Promise<Finding> => {
  const askedAt = Date.now();
  const theirs = await read();
  return judgeClock({ of, theirs, askedAt, answeredAt: Date.now() });
};

const examineDatabase = async (url: string | undefined): Promise<Finding[]> => {
  if (!url) return [unset('DATABASE_URL', 'PostgreSQL')];
  try {
    const [facts] = await queryOnce<DatabaseFacts>(url, FACTS);
    const clock = await readClock('PostgreSQL', async () => (await queryOnce<{ now: number }>(url, CLOCK))[0]?.now ?? Number.NaN);
    return [...judgeDatabase(facts as DatabaseFacts), clock];
  } catch (error) {
    return [away('PostgreSQL', error)];
  }
};

const redisNow = async (url: string): Promise<number> => {
  const [seconds, microseconds] = (await commandOnce(url, 'TIME')) as [string, string];
  return Number(seconds) * 1000 + Number(microseconds) / 1000;
};

const examineRedisAt = async (url: string): Promise<Finding[]> => {
  try {
    const facts = redisFactsIn(String(await commandOnce(url, 'INFO')));
    return [...judgeRedis(facts), await readClock('Redis', () => redisNow(url))];
  } catch (error) {
    return [away('Redis', error)];
  }
};

/** Of a cluster, the nodes that are named. */
const examineRedis = async (urls: string | undefined): Promise<Finding[]> =>
  urls ? (await Promise.all(urls.split(',').map((url) => examineRedisAt(url.trim())))).flat() : [unset('REDIS_URL', 'Redis')];

const examineService = async (url: string): Promise<Finding> => {
  try {
    const response = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return judgeService({ url, answer: { status: response.status, body: await response.json().catch(() => null) } });
  } catch {
    return judgeService({ url, answer: null });
  }
};

/** Looks at everything that a deployment stands on; nothing is changed. */
export const examine = async (env: Environment, services: readonly string[]): Promise<Finding[]> => [
  ...judgeNodeEnv(env),
  ...judgeSecrets(env),
  ...judgePush(env, (path) => readFileSync(path, 'utf8')),
  ...(await examineDatabase(env['DATABASE_URL'])),
  ...(await examineRedis(env['REDIS_URL'])),
  ...(await Promise.all(services.map(examineService))),
];
