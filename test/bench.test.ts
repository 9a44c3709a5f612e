import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { COMPILE_CACHE, commandOnce, queryOnce, startBackingServices } from '@trunkline/backing-services';
import { Histogram, problemsInMessages, runBench, SCENARIOS } from '@trunkline/bench';
import { expect, inject, test } from 'vitest';
import { ROOT } from './repository-root.ts';

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
const backing = () => ({
  DATABASE_URL: inject('templateDatabaseUrl'),
  REDIS_URL: inject('redisUrl'),
  BENCH_COMPILE_CACHE: COMPILE_CACHE.NODE_COMPILE_CACHE,
});

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

/** Every scenario of phones that ring, and every dialect with one that both sides take part in. */
const RUNS = SCENARIOS.filter((scenario) => scenario !== 'chat').map(
  (scenario, index) => [scenario, ['onlycare', 'chattrix', 'otomo'][index % 3] as string] as const,
);

test.each(RUNS)('%s over %s loses nothing, and the books agree', { timeout: 240_000 }, async (scenario, dialect) => {
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

test.each([
  ['baseline', 'ring-reject'],
  ['baseline', 'chat'],
  ['trunkline', 'chat'],
])('%s plays its part of a comparison: %s', { timeout: 240_000 }, async (system, scenario) => {
  const { code, report, said } = await bench(scenario, '--system', system, '--rate', '20', '--connections', '40');
  expect(report.results[0], said).toMatchObject({ ...CLEAN, done: 20 });
  expect(code).toBe(0);
});

test('a message that was acknowledged and is not stored, one that is stored twice, and a gap are found in the books', () => {
  const books = { numbers: [5, 6, 6, 8], gaps: 1, unpublished: 0 };
  expect(problemsInMessages(books, { first: 5, due: 4, wasStored: () => true })).toEqual([
    '1 messages were acknowledged and are not in the database',
    '1 messages are in the database more than once',
    'the messages of 1 chats are not numbered without a gap',
  ]);
  const refused = { numbers: [5, 6], gaps: 0, unpublished: 0 };
  expect(problemsInMessages(refused, { first: 5, due: 4, wasStored: (number) => number < 7 })).toEqual([]);
});

/** All processes that a process started, those that its children started too. */
const descendantsOf = async (pid: number): Promise<number[]> => {
  const parents = new Map<number, number>();
  for (const name of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => null);
    if (stat !== null) parents.set(Number(name), Number(stat.split(') ').at(-1)?.split(' ')[1]));
  }
  const found = [pid];
  for (const parent of found) for (const [child, of] of parents) if (of === parent) found.push(child);
  return found.slice(1);
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const until = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
  while (!(await holds())) await pause(50);
};

const BENCH = ['bench/src/main.ts', 'ring-reject', '--rate', '20', '--connections', '40', '--seconds', '60'];
const SIEGE = ['bench/src/siege/main.ts', '--attackers', '16', '--honest', '12', '--rate', '1', '--seconds', '60'];

/** A command as a process of its own, once load is on its servers. `-u` takes a setting away. */
const start = async (args: readonly string[], ...settings: string[]): Promise<ChildProcess & { pid: number }> => {
  const child = spawn('env', [...settings, process.execPath, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const text of child.stdout) if (/calls done|without attackers/.test(String(text))) break;
  return child as ChildProcess & { pid: number };
};

const onLinux = test.runIf(process.platform === 'linux');

onLinux('told to stop, they end their servers, and leave neither a database nor anything in Redis', { timeout: 240_000 }, async () => {
  // Its own, on which nobody else leaves anything meanwhile.
  const env = { TEST_BACKENDS: 'embedded' };
  await using own = await startBackingServices({ env, dataFolder: null, durable: false, report: () => undefined });
  const left = async (): Promise<unknown[]> => [
    await queryOnce(own.databaseUrl, "SELECT datname FROM pg_database WHERE datname LIKE 'bench\\_%'"),
    await commandOnce(own.redisUrl, 'KEYS', '*bench-*'),
  ];
  const before = await left();
  const settings = [`DATABASE_URL=${own.databaseUrl}`, `REDIS_URL=${own.redisUrl}`];
  const children = await Promise.all([BENCH, SIEGE].map((args) => start(args, ...settings)));
  const servers = await Promise.all(children.map(({ pid }) => descendantsOf(pid)));
  for (const started of servers) expect(started.length).toBeGreaterThanOrEqual(4);
  expect(await left()).not.toEqual(before);
  const exited = Promise.all(children.map((child) => once(child, 'exit')));
  for (const child of children) child.kill('SIGTERM');
  expect(await exited).toEqual([
    [143, null],
    [143, null],
  ]);
  expect(servers.flat().filter(isAlive)).toEqual([]);
  expect(await left()).toEqual(before);
});

onLinux('killed, its servers end by themselves, the stores among them', { timeout: 240_000 }, async () => {
  const child = await start(BENCH, '-u', 'DATABASE_URL', '-u', 'REDIS_URL', 'TEST_BACKENDS=embedded');
  const servers = await descendantsOf(child.pid);
  expect(servers.length).toBeGreaterThan(6);
  child.kill('SIGKILL');
  await until(() => !servers.some(isAlive));
});

test('what idle gateways cost, and what each gateway hears, is measured', { timeout: 240_000 }, async () => {
  const small = ['--rate', '20', '--connections', '20'];
  const idle = await bench('idle-gateways', '--system', 'baseline', '--as-is', '--pairs', '1', ...small);
  expect(idle.report, idle.said).toMatchObject([{ system: 'baseline', alone: [{ done: 20 }], besideIdle: [{ gateways: 2, done: 20 }] }]);
  const many = await bench('many-gateways', '--system', 'trunkline', '--up-to', '1', ...small);
  expect(many.report, many.said).toMatchObject([{ gateways: 1, result: CLEAN }]);
  // A ring, its answer and its end reach at least one person each.
  expect((many.report as unknown as { messages: number }[])[0]?.messages).toBeGreaterThan(3);
});

test('a question that makes no sense is answered with the usage', async () => {
  for (const args of [['no-such-scenario'], ['--rate', '0'], ['--dialect', 'morse'], ['--no-such-flag']]) {
    const { code, said } = await bench(...args);
    expect(code).toBe(2);
    expect(said).toContain('Usage: pnpm bench');
  }
});

test('where a report cannot be written is said before anything is measured', async () => {
  const folder = tmpdir();
  for (const flag of ['--json', '--svg']) {
    const lines: string[] = [];
    const code = await runBench(['ring-reject', flag, folder], backing(), (line) => void lines.push(line));
    expect(code).toBe(2);
    expect(lines.join('\n')).toMatch(`${folder} cannot be written: EISDIR`);
    expect(lines.join('\n')).not.toContain('starting');
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
