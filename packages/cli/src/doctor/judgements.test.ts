import { DEV_INTERNAL_TOKEN, DEV_JWT_SECRET, DEV_SERVER_KEY, DEV_WEBHOOK_SECRET } from '@trunkline/service-kit';
import { describe, expect, it } from 'vitest';
import type { Finding } from './finding.ts';
import { judgeClock } from './judge-clocks.ts';
import { type DatabaseFacts, judgeDatabase } from './judge-database.ts';
import { judgeNodeEnv } from './judge-node-env.ts';
import { judgeRedis, redisFactsIn } from './judge-redis.ts';
import { judgeSecrets } from './judge-secrets.ts';
import { judgeService } from './judge-service.ts';

const problems = (findings: readonly Finding[]): string[] => findings.filter(({ level }) => level === 'problem').map(({ says }) => says);

const GOOD_DATABASE: DatabaseFacts = {
  version: 180_004,
  synchronousCommit: 'on',
  fsync: 'on',
  fullPageWrites: 'on',
  maxConnections: 100,
  missing: [],
};

describe('PostgreSQL', () => {
  it('as it should be is fine', () => {
    expect(judgeDatabase(GOOD_DATABASE).map(({ level }) => level)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    expect(judgeDatabase(GOOD_DATABASE)[0]?.says).toBe('version 18.4');
  });

  it.each([
    [{ version: 130_009 }, 'version 13.9'],
    [{ version: 150_015 }, 'version 15.15'],
    [{ synchronousCommit: 'off' }, 'synchronous_commit=off'],
    [{ synchronousCommit: 'local' }, 'synchronous_commit=local'],
    [{ fsync: 'off' }, 'fsync=off, full_page_writes=on'],
    [{ missing: ['0006-a', '0007-b'] }, 'the tables of this version are missing: 0006-a, 0007-b'],
  ])('with %j is a problem, with something to do', (changes, says) => {
    const findings = judgeDatabase({ ...GOOD_DATABASE, ...changes });
    expect(problems(findings)).toEqual([says]);
    expect(findings.find(({ level }) => level === 'problem')?.advice).toBeTruthy();
  });

  it('may be as old as the documents say', () => {
    expect(problems(judgeDatabase({ ...GOOD_DATABASE, version: 160_000 }))).toEqual([]);
  });

  it('with few connections is worth a note', () => {
    expect(judgeDatabase({ ...GOOD_DATABASE, maxConnections: 20 }).map(({ level }) => level)).toContain('note');
  });
});

describe('Redis', () => {
  const info = (version: string, policy: string, cluster = '0'): string =>
    `# Server\r\nredis_version:${version}\r\n# Memory\r\nmaxmemory_policy:${policy}\r\n# Cluster\r\ncluster_enabled:${cluster}\r\n`;

  it.each([
    ['7.0.15', 'noeviction', []],
    ['6.2.7', 'noeviction', ['version 6.2.7']],
    ['8.0.1', 'allkeys-lru', ['maxmemory-policy=allkeys-lru']],
  ])('%s with %s', (version, policy, expected) => {
    expect(problems(judgeRedis(redisFactsIn(info(version, policy)), 1))).toEqual(expected);
  });

  const part = redisFactsIn(info('7.0.15', 'noeviction', '1'), 'cluster_state:ok\r\ncluster_size:3\r\n');
  const whole = redisFactsIn(info('7.0.15', 'noeviction', '1'), 'cluster_state:ok\r\ncluster_size:1\r\n');
  const single = redisFactsIn(info('7.0.15', 'noeviction'));
  const silent = redisFactsIn('redis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\n');

  it.each([
    ['part of a cluster', part, 1, ['one of 3 parts of a Redis Cluster, and REDIS_URL names no other node']],
    ['part of a cluster', part, 2, []],
    ['cluster of one part', whole, 1, []],
    ['Redis by itself', single, 1, []],
    ['Redis by itself', single, 2, ['no node of a Redis Cluster, and REDIS_URL names 2']],
    ['Redis that does not say', silent, 1, []],
    ['Redis that does not say', silent, 2, []],
  ])('a %s is told from what REDIS_URL says of it', (_, facts, named, expected) => {
    expect(problems(judgeRedis(facts, named))).toEqual(expected);
  });
});

describe('a clock', () => {
  it.each([
    [0, 'ok', '0.000 s ahead of this machine'],
    [-2500, 'note', '2.500 s behind this machine'],
    [40_000, 'problem', '40.000 s ahead of this machine'],
  ])('that is %i ms apart', (difference, level, says) => {
    expect(judgeClock({ of: 'PostgreSQL', theirs: 1_000_010 + difference, askedAt: 1_000_000, answeredAt: 1_000_020 })).toMatchObject({
      level,
      says,
    });
  });

  it('is not blamed for a slow answer', () => {
    expect(judgeClock({ of: 'Redis', theirs: 1_000_000, askedAt: 1_000_000, answeredAt: 1_004_000 }).level).toBe('ok');
  });
});

describe('secrets', () => {
  const production = {
    NODE_ENV: 'production',
    JWT_SECRET: 'x'.repeat(32),
    INTERNAL_TOKEN: 'y'.repeat(32),
    SERVER_API_KEYS: 'z'.repeat(32),
  };
  const WEBHOOK_SECRET = `whsec_${Buffer.alloc(24, 'w').toString('base64')}`;

  it('of production that are its own are fine', () => {
    expect(judgeSecrets(production).map(({ level }) => level)).toEqual(['ok', 'ok']);
  });

  it.each([
    { SERVER_API_KEYS: `${'k'.repeat(16)}, ${'l'.repeat(16)}` },
    { JWT_SECRET_PREVIOUS: 'p'.repeat(32), INTERNAL_TOKEN_PREVIOUS: 'q'.repeat(16) },
    { WEBHOOK_SECRET: `${WEBHOOK_SECRET},${WEBHOOK_SECRET}`, WEBHOOK_URL: 'https://app.example/hook' },
  ])('of production with %j are fine, since the services start', (changes) => {
    expect(judgeSecrets({ ...production, ...changes }).map(({ level }) => level)).toEqual(['ok', 'ok']);
  });

  it.each([
    [{ JWT_SECRET: DEV_JWT_SECRET }, 'JWT_SECRET'],
    [{ INTERNAL_TOKEN: DEV_INTERNAL_TOKEN }, 'INTERNAL_TOKEN'],
    [{ SERVER_API_KEYS: DEV_SERVER_KEY }, 'SERVER_API_KEYS'],
    [{ JWT_SECRET: undefined }, 'JWT_SECRET'],
    [{ INTERNAL_TOKEN: '' }, 'INTERNAL_TOKEN'],
    [{ SERVER_API_KEYS: 'k'.repeat(15) }, 'SERVER_API_KEYS'],
    [{ SERVER_API_KEYS: `${'k'.repeat(16)} ${'l'.repeat(16)}` }, 'SERVER_API_KEYS'],
    [{ JWT_SECRET_PREVIOUS: DEV_JWT_SECRET }, 'JWT_SECRET_PREVIOUS'],
    [{ JWT_SECRET_PREVIOUS: 'short' }, 'JWT_SECRET_PREVIOUS'],
    [{ INTERNAL_TOKEN_PREVIOUS: DEV_INTERNAL_TOKEN }, 'INTERNAL_TOKEN_PREVIOUS'],
    [{ INTERNAL_TOKEN_PREVIOUS: 'short' }, 'INTERNAL_TOKEN_PREVIOUS'],
    [{ WEBHOOK_SECRET: DEV_WEBHOOK_SECRET }, 'WEBHOOK_SECRET'],
    [{ WEBHOOK_SECRET: `${WEBHOOK_SECRET} ${DEV_WEBHOOK_SECRET}` }, 'WEBHOOK_SECRET'],
    [{ WEBHOOK_SECRET: WEBHOOK_SECRET.slice(0, -4) }, 'WEBHOOK_SECRET'],
    [{ WEBHOOK_URL: 'https://app.example/hook' }, 'WEBHOOK_SECRET'],
    [{ PRE_RING_HOOK_URL: 'https://app.example/hook' }, 'WEBHOOK_SECRET'],
    [{ JWT_SECRET: 'short' }, 'JWT_SECRET'],
  ])('of production with %j are a problem', (changes, about) => {
    const found = judgeSecrets({ ...production, ...changes }).filter(({ level }) => level === 'problem');
    expect(found.map((finding) => finding.about)).toEqual([about]);
    expect(found[0]?.advice).toBeTruthy();
  });

  it('of production are all judged, whatever else is wrong', () => {
    const changes = { JWT_SECRET: undefined, INTERNAL_TOKEN: undefined, SERVER_API_KEYS: DEV_SERVER_KEY };
    expect(judgeSecrets({ ...production, ...changes }).map(({ about }) => about)).toEqual([
      'INTERNAL_TOKEN',
      'JWT_SECRET',
      'SERVER_API_KEYS',
    ]);
  });

  it('of development that are in the repository are each named', () => {
    const own = { ...production, NODE_ENV: 'development', SERVER_API_KEYS: DEV_SERVER_KEY };
    expect(judgeSecrets(own)[0]).toMatchObject({ level: 'note', says: expect.stringMatching(/repository: SERVER_API_KEYS$/) });
  });

  it('of development may be short, as the services take them, which is worth a note', () => {
    const own = { ...production, NODE_ENV: '', SERVER_API_KEYS: `short,${'k'.repeat(16)}` };
    expect(judgeSecrets(own).map(({ level, says }) => [level, says])).toEqual([
      ['ok', 'they hold (NODE_ENV=development)'],
      ['note', '1 of 2 would be refused in production'],
    ]);
  });

  it('of development need not sign webhooks: dev has a secret for that', () => {
    expect(problems(judgeSecrets({ WEBHOOK_URL: 'http://127.0.0.1:1/hook' }))).toEqual([]);
  });

  it('without a server key leave those that were made by the command line', () => {
    const [, keys] = judgeSecrets({ ...production, SERVER_API_KEYS: '' });
    expect(keys).toMatchObject({ level: 'note', says: expect.stringContaining('trunkline keys') });
  });

  it('of development are worth a note, and never printed', () => {
    const findings = judgeSecrets({});
    expect(problems(findings)).toEqual([]);
    expect(findings[0]?.level).toBe('note');
    expect(JSON.stringify(findings)).not.toMatch(/not-for-production|trunkline-dev/);
  });
});

describe('NODE_ENV', () => {
  it.each([undefined, '', 'development', 'test', 'production'])('may be %j', (value) => {
    expect(judgeNodeEnv({ NODE_ENV: value })).toEqual([]);
  });

  it.each(['prod', 'Production', 'staging', ' production'])('of %j is worth a note, since it counts as development', (value) => {
    expect(judgeNodeEnv({ NODE_ENV: value })).toEqual([
      expect.objectContaining({ level: 'note', about: 'NODE_ENV', says: expect.stringContaining(JSON.stringify(value)) }),
    ]);
  });
});

describe('a service', () => {
  it.each([
    [{ status: 200, body: { status: 'ready', checks: { redis: true, lease: true } } }, 'ok', 'ready'],
    [{ status: 200, body: { status: 'ready', checks: { database: true, redis: false } } }, 'problem', 'ready, but without: redis'],
    [{ status: 200, body: {} }, 'problem', '/readyz answered 200'],
    [{ status: 200, body: null }, 'problem', '/readyz answered 200'],
    [{ status: 503, body: { checks: { redis: false, lease: true } } }, 'problem', 'not ready: redis'],
    [{ status: 404, body: null }, 'problem', '/readyz answered 404'],
    [null, 'problem', 'does not answer'],
  ])('that answers %j', (answer, level, says) => {
    expect(judgeService({ url: 'http://127.0.0.1:4000', answer })).toMatchObject({ level, says });
  });

  it('that waits for migrations says how they are run', () => {
    const answer = { status: 503, body: { checks: { schema: false } } };
    expect(judgeService({ url: 'http://127.0.0.1:4000', answer }).advice).toContain('trunkline migrate');
  });
});
