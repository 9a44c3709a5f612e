import { DEV_INTERNAL_TOKEN, DEV_JWT_SECRET, DEV_SERVER_KEY } from '@trunkline/service-kit';
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
  isMigrated: true,
};

describe('PostgreSQL', () => {
  it('as it should be is fine', () => {
    expect(judgeDatabase(GOOD_DATABASE).map(({ level }) => level)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    expect(judgeDatabase(GOOD_DATABASE)[0]?.says).toBe('version 18.4');
  });

  it.each([
    [{ version: 130_009 }, 'version 13.9'],
    [{ synchronousCommit: 'off' }, 'synchronous_commit=off'],
    [{ synchronousCommit: 'local' }, 'synchronous_commit=local'],
    [{ fsync: 'off' }, 'fsync=off, full_page_writes=on'],
    [{ isMigrated: false }, 'the tables are missing'],
  ])('with %j is a problem, with something to do', (changes, says) => {
    const findings = judgeDatabase({ ...GOOD_DATABASE, ...changes });
    expect(problems(findings)).toEqual([says]);
    expect(findings.find(({ level }) => level === 'problem')?.advice).toBeTruthy();
  });

  it('with few connections is worth a note', () => {
    expect(judgeDatabase({ ...GOOD_DATABASE, maxConnections: 20 }).map(({ level }) => level)).toContain('note');
  });
});

describe('Redis', () => {
  const info = (version: string, policy: string): string =>
    `# Server\r\nredis_version:${version}\r\n# Memory\r\nmaxmemory_policy:${policy}\r\n`;

  it.each([
    ['7.0.15', 'noeviction', []],
    ['6.2.7', 'noeviction', ['version 6.2.7']],
    ['8.0.1', 'allkeys-lru', ['maxmemory-policy=allkeys-lru']],
  ])('%s with %s', (version, policy, expected) => {
    expect(problems(judgeRedis(redisFactsIn(info(version, policy))))).toEqual(expected);
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

  it('of production that are its own are fine', () => {
    expect(judgeSecrets(production).map(({ level }) => level)).toEqual(['ok', 'ok']);
  });

  it.each([
    [{ JWT_SECRET: DEV_JWT_SECRET }, 'JWT_SECRET'],
    [{ INTERNAL_TOKEN: DEV_INTERNAL_TOKEN }, 'INTERNAL_TOKEN'],
    [{ SERVER_API_KEYS: DEV_SERVER_KEY }, 'SERVER_API_KEYS'],
    [{ JWT_SECRET: undefined }, 'JWT_SECRET'],
    [{ INTERNAL_TOKEN: '' }, 'INTERNAL_TOKEN'],
    [{ SERVER_API_KEYS: 'short' }, 'SERVER_API_KEYS'],
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
    [{ status: 200, body: {} }, 'ok', 'ready'],
    [{ status: 503, body: { checks: { redis: false, lease: true } } }, 'problem', 'not ready: redis'],
    [{ status: 404, body: null }, 'problem', '/readyz answered 404'],
    [null, 'problem', 'does not answer'],
  ])('that answers %j', (answer, level, says) => {
    expect(judgeService({ url: 'http://127.0.0.1:4000', answer })).toMatchObject({ level, says });
  });
});
