import type { Finding } from './finding.ts';

export interface RedisFacts {
  version: string;
  maxmemoryPolicy: string;
}

const ABOUT = 'Redis';
const OLDEST = 7;

const field = (info: string, name: string): string => new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? '';

/** From the text of `INFO`, which says it also where `CONFIG GET` is forbidden. */
export const redisFactsIn = (info: string): RedisFacts => ({
  version: field(info, 'redis_version'),
  maxmemoryPolicy: field(info, 'maxmemory_policy'),
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

export const judgeRedis = (facts: RedisFacts): Finding[] => [lookAtVersion(facts), lookAtEviction(facts)];
