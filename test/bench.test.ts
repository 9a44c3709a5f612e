import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Histogram, runBench, SCENARIOS } from '@trunkline/bench';
import { expect, inject, test } from 'vitest';

interface Report {
  results: {
    dialect: string;
    done: number;
    lost: number;
    doubled: number;
    errors: object;
    problems: string[];
    legs: Record<string, { count: number }>;
  }[];
}

/** The servers that this run of the tests has anyway. */
const backing = () => ({ DATABASE_URL: inject('templateDatabaseUrl'), REDIS_URL: inject('redisUrl') });

/** Runs the command as a person would, for a second at a low rate. What is asserted is what happened, never how fast. */
const bench = async (...args: string[]): Promise<{ code: number; report: Report; said: string }> => {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-bench-'));
  const file = join(folder, 'report.json');
  const lines: string[] = [];
  const small = ['--seconds', '1', '--warm-up', '0', '--seed', '7', '--json', file];
  try {
    const code = await runBench([...args, ...small], backing(), (line) => void lines.push(line));
    return { code, said: lines.join('\n'), report: JSON.parse(await readFile(file, 'utf8').catch(() => '{"results":[]}')) };
  } finally {
    await rm(folder, { recursive: true });
  }
};

const RATES: Partial<Record<string, string[]>> = {
  'ring-timeout': ['--rate', '5', '--connections', '20'],
  idle: ['--connections', '20'],
  'connect-rate': ['--rate', '20'],
  'reconnect-storm': ['--connections', '20'],
  presence: ['--rate', '4', '--connections', '12'],
};

const CLEAN = { lost: 0, doubled: 0, errors: {}, problems: [] };

/** Every scenario, and every dialect with one that both sides take part in. */
const RUNS = SCENARIOS.map((scenario, index) => [scenario, ['onlycare', 'chattrix', 'otomo'][index % 3] as string] as const);

test.each(RUNS)('%s over %s loses nothing, and the books agree', { timeout: 120_000 }, async (scenario, dialect) => {
  const { code, report, said } = await bench(
    scenario,
    '--dialect',
    dialect,
    ...(RATES[scenario] ?? ['--rate', '20', '--connections', '40']),
  );
  const [result] = report.results;
  expect(result, said).toMatchObject(CLEAN);
  expect(result?.done).toBeGreaterThan(0);
  expect(code).toBe(0);
});

test('the ordinary server plays its part of a comparison', { timeout: 60_000 }, async () => {
  const { code, report, said } = await bench('ring-reject', '--system', 'baseline', '--rate', '20', '--connections', '40');
  expect(report.results[0], said).toMatchObject({ ...CLEAN, done: 20 });
  expect(code).toBe(0);
});

test('a question that makes no sense is answered with the usage', async () => {
  for (const args of [['no-such-scenario'], ['--rate', '0'], ['--dialect', 'morse'], ['--no-such-flag']]) {
    const { code, said } = await bench(...args);
    expect(code).toBe(2);
    expect(said).toContain('Usage: pnpm bench');
  }
});

test('a histogram is off by less than a hundredth, and exact in count and maximum', () => {
  const histogram = new Histogram();
  for (let value = 1; value <= 100_000; value += 1) histogram.record(value / 10);
  expect(histogram.count).toBe(100_000);
  expect(histogram.max).toBe(10_000);
  for (const share of [0.01, 0.5, 0.95, 0.99, 0.999]) {
    expect(Math.abs(histogram.percentile(share) / (share * 10_000) - 1)).toBeLessThan(0.01);
  }
});
