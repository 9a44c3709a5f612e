import type { Finding } from './finding.ts';

export interface RedisFacts {
  version: string;
  maxmemoryPolicy: string;
  /** Unknown where it does not say. */
  isCluster: boolean | null;
  /** Of a cluster: how many of its nodes hold a part of the keys. */
  shards: number;
}

const ABOUT = 'Redis';
const OLDEST = 7;

const field = (info: string, name: string): string => new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? '';

const CLUSTER_ENABLED: ReadonlyMap<string, boolean> = new Map([
  ['0', false],
  ['1', true],
]);

/** From the texts of `INFO`, which says it also where `CONFIG GET` is forbidden, and, of a cluster, of `CLUSTER INFO`. */
export const redisFactsIn = (info: string, clusterInfo = ''): RedisFacts => ({
  version: field(info, 'redis_version'),
  maxmemoryPolicy: field(info, 'maxmemory_policy'),
  isCluster: CLUSTER_ENABLED.get(field(info, 'cluster_enabled')) ?? null,
  shards: Number(field(clusterInfo, 'cluster_size')),
});

const lookAtVersion = ({ version }: RedisFacts): Finding => {
  const says = `version ${version}`;
  if (Number.parseInt(version, 10) >= OLDEST) return { level: 'ok', about: ABOUT, says };
  return {
    level: 'problem',
    about: ABOUT,
    says,
    advice: 'Upgrade to Redis 7 or later, or Valkey: sharded publish and subscribe came with it.',
  };
};

const lookAtEviction = ({ maxmemoryPolicy }: RedisFacts): Finding => {
  const says = `maxmemory-policy=${maxmemoryPolicy}`;
  if (maxmemoryPolicy === 'noeviction') return { level: 'ok', about: ABOUT, says };
  return {
    level: 'problem',
    about: ABOUT,
    says,
    advice:
      'Set it to noeviction (CONFIG SET maxmemory-policy noeviction, and in its configuration): else jobs are evicted before they run.',
  };
};

/** Services take several addresses for a cluster, and one for a Redis by itself. */
const lookAtCluster = ({ isCluster, shards }: RedisFacts, named: number): Finding[] => {
  if (named === 1 && isCluster === true && shards > 1) {
    const says = `one of ${shards} parts of a Redis Cluster, and REDIS_URL names no other node`;
    return [{ level: 'problem', about: ABOUT, says, advice: 'Name two or more of its nodes, separated by commas: one stands for itself.' }];
  }
  if (named > 1 && isCluster === false) {
    const says = `no node of a Redis Cluster, and REDIS_URL names ${named}`;
    return [{ level: 'problem', about: ABOUT, says, advice: 'Name one Redis, or the nodes of one Redis Cluster.' }];
  }
  return [];
};

/** `named`: how many addresses REDIS_URL has. */
export const judgeRedis = (facts: RedisFacts, named: number): Finding[] => [
  lookAtVersion(facts),
  lookAtEviction(facts),
  ...lookAtCluster(facts, named),
];
