import { readFileSync } from 'node:fs';
import { commandOnce, queryOnce } from '@trunkline/backing-services';
import type { Environment } from '../command.ts';
import type { Finding } from './finding.ts';
import { judgeClock } from './judge-clocks.ts';
import { type DatabaseFacts, judgeDatabase } from './judge-database.ts';
import { judgeNodeEnv } from './judge-node-env.ts';
import { judgePush } from './judge-push.ts';
import { judgeRedis, type RedisFacts, redisFactsIn } from './judge-redis.ts';
import { judgeSecrets } from './judge-secrets.ts';
import { judgeService } from './judge-service.ts';
import { missingMigrations } from './missing-migrations.ts';
import { redisNodes, storeAddress } from './store-address.ts';

const TIMEOUT_MS = 5000;

const FACTS = `SELECT current_setting('server_version_num')::integer AS version, current_setting('synchronous_commit') AS "synchronousCommit",
  current_setting('fsync') AS fsync, current_setting('full_page_writes') AS "fullPageWrites",
  current_setting('max_connections')::integer AS "maxConnections"`;
const CLOCK = 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now';

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

const examineDatabase = async (env: Environment): Promise<Finding[]> => {
  const address = storeAddress('DATABASE_URL', env);
  if ('problem' in address) return [address.problem];
  const { url } = address;
  try {
    const [facts] = await queryOnce<Omit<DatabaseFacts, 'missing'>>(url, FACTS);
    const missing = await missingMigrations(url);
    const clock = await readClock('PostgreSQL', async () => (await queryOnce<{ now: number }>(url, CLOCK))[0]?.now ?? Number.NaN);
    return [...judgeDatabase({ ...(facts as Omit<DatabaseFacts, 'missing'>), missing }), clock];
  } catch (error) {
    return [away('PostgreSQL', error)];
  }
};

const redisNow = async (url: string): Promise<number> => {
  const [seconds, microseconds] = (await commandOnce(url, 'TIME')) as [string, string];
  return Number(seconds) * 1000 + Number(microseconds) / 1000;
};

const readRedisFacts = async (url: string): Promise<RedisFacts> => {
  const info = String(await commandOnce(url, 'INFO'));
  const facts = redisFactsIn(info);
  return facts.isCluster === true ? redisFactsIn(info, String(await commandOnce(url, 'CLUSTER', 'INFO'))) : facts;
};

const examineRedisAt = async (url: string, named: number): Promise<Finding[]> => {
  try {
    return [...judgeRedis(await readRedisFacts(url), named), await readClock('Redis', () => redisNow(url))];
  } catch (error) {
    return [away('Redis', error)];
  }
};

/** Of a cluster, the nodes that are named. */
const examineRedis = async (env: Environment): Promise<Finding[]> => {
  const address = storeAddress('REDIS_URL', env);
  if ('problem' in address) return [address.problem];
  const nodes = redisNodes(address.url);
  return (await Promise.all(nodes.map((url) => examineRedisAt(url, nodes.length)))).flat();
};

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
  ...(await examineDatabase(env)),
  ...(await examineRedis(env)),
  ...(await Promise.all(services.map(examineService))),
];
