import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type BackingEnvironment, interruption, NEVER } from '@trunkline/backing-services';
import { compareCheckouts } from './against.ts';
import { compareWithBaseline } from './compare.ts';
import { findMax, LONGEST_P99_MS } from './find-max.ts';
import { measureIdleGateways } from './idle-gateways.ts';
import { measureManyGateways } from './many-gateways.ts';
import { type Comparison, type Options, parseRequest, type Request, type Scenario, USAGE, UsageError } from './options.ts';
import { renewing, type Session } from './renewing.ts';
import { describeProfiles } from './report/hot-functions.ts';
import { latencyChart } from './report/latency-chart.ts';
import { isClean, type Result } from './report/result.ts';
import { describeResult, describeSweep } from './report/text-table.ts';
import { loadOf, startRunner, wireOf } from './run-scenario.ts';
import type { Bench, Load } from './scenarios/scenario.ts';
import { startSystem } from './start-system.ts';
import { type Stores, startStores } from './system/stores.ts';

export type Print = (line: string) => void;

/** pnpm runs scripts in the package's folder; files are named from where the person is. */
const pathFrom = (env: Readonly<Record<string, string | undefined>>, path: string): string => resolve(env['INIT_CWD'] ?? '.', path);

/** What was measured for a quarter of an hour must have a place to go. */
const assertWritable = (file: string): void => {
  try {
    mkdirSync(dirname(file), { recursive: true });
    closeSync(openSync(file, 'a'));
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${error instanceof Error ? error.message : error}`);
  }
};

const startSession = async (stores: Stores, scenario: Scenario, options: Options, print: Print): Promise<Session> => {
  const [load] = loadOf(scenario, options);
  await using started = new AsyncDisposableStack();
  print(`starting ${options.system ?? 'trunkline'} with ${options.gateways} gateway(s)`);
  const system = started.use(await startSystem(stores, options));
  const bench: Bench = { system, stores, wire: wireOf(options.dialect), callServices: options.callServices, report: print };
  const runner = started.use(await startRunner(bench, scenario, load?.connections ?? 0, options.seed));
  const running = started.move();
  return { run: runner.run, [Symbol.asyncDispose]: () => running.disposeAsync() };
};

const search = async (session: Session, first: Load, print: Print): Promise<Result[]> => {
  const results: Result[] = [];
  const best = await findMax({
    from: first.perSecond,
    upTo: 50_000,
    within: 0.05,
    run: async (perSecond) => {
      const result = await session.run({ ...first, perSecond, limit: { p99Ms: LONGEST_P99_MS } });
      results.push(result);
      return result;
    },
    report: print,
  });
  print('');
  print(best === null ? 'no rate holds' : `highest rate with every p99 ≤ ${LONGEST_P99_MS} ms and no loss: ${best.asked}/s`);
  if (best !== null) print(describeResult(best));
  return results.sort((one, other) => one.asked - other.asked);
};

const sweep = async (session: Session, loads: readonly Load[], print: Print): Promise<Result[]> => {
  const results: Result[] = [];
  for (const load of loads) {
    const result = await session.run(load);
    results.push(result);
    print(`\n${describeResult(result)}`);
  }
  return results;
};

const runScenario = async (stores: Stores, scenario: Scenario, options: Options, print: Print): Promise<Result[]> => {
  const loads = loadOf(scenario, options);
  const { findMax: isSearch, profile } = options;
  let results: Result[];
  {
    await using session = renewing(() => startSession(stores, scenario, options, print));
    results = isSearch ? await search(session, loads[0], print) : await sweep(session, loads, print);
  }
  if (results.length > 1) print(`\n${describeSweep(results)}`);
  if (profile !== undefined) print(`\n${describeProfiles(profile)}`);
  return results;
};

/**
 * Runs what the arguments ask for. Resolves with the exit code: 1 where something was lost, 2 where the question makes no sense,
 * the signal's reason where that ended it; in any case, all servers that it started have ended.
 */
export const runBench = async (
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  print: Print,
  signal: AbortSignal = NEVER,
): Promise<number> => {
  try {
    const request = parseRequest(argv);
    if (request === null) {
      print(USAGE);
      return 0;
    }
    return await answer(request, env, print, signal);
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof TypeError && 'code' in error)) throw error;
    print(`${error.message}\n\n${USAGE}`);
    return 2;
  }
};

const answer = async (
  { words, options: asked }: Request,
  env: Readonly<Record<string, string | undefined>>,
  print: Print,
  signal: AbortSignal,
): Promise<number> => {
  const options: Options = asked.profile === undefined ? asked : { ...asked, profile: pathFrom(env, asked.profile) };
  for (const file of [options.json, options.svg]) if (file !== undefined) assertWritable(pathFrom(env, file));
  print('starting PostgreSQL and Redis');
  await using stores = await startStores(env as BackingEnvironment, print);
  print(`PostgreSQL ${stores.settings.version}, fsync ${stores.settings.fsync}, synchronous_commit ${stores.settings.synchronousCommit}`);
  return await Promise.race([measureAll(stores, words, options, env, print), interruption(signal)]);
};

/** What measures several systems, in place of one scenario. */
const COMPARISONS: Readonly<Record<Comparison, (stores: Stores, options: Options, print: Print) => Promise<unknown>>> = {
  compare: compareWithBaseline,
  'idle-gateways': measureIdleGateways,
  'many-gateways': measureManyGateways,
};

const isComparison = (word: string): word is Comparison => Object.hasOwn(COMPARISONS, word);

const measureAll = async (
  stores: Stores,
  words: Request['words'],
  options: Options,
  env: Readonly<Record<string, string | undefined>>,
  print: Print,
): Promise<number> => {
  const keep = (report: unknown): void => {
    if (options.json !== undefined) writeFileSync(pathFrom(env, options.json), `${JSON.stringify(report, null, 2)}\n`);
  };
  if (words[0] === 'against') {
    keep(await compareCheckouts(stores, pathFrom(env, words[1]), options, print));
    return 0;
  }
  const [word] = words;
  if (isComparison(word)) {
    keep(await COMPARISONS[word](stores, options, print));
    return 0;
  }
  const results = await runScenario(stores, word, options, print);
  keep({ options, settings: stores.settings, results });
  if (results.length > 1) {
    const file = pathFrom(env, options.svg ?? `bench-${word}.svg`);
    writeFileSync(file, latencyChart(results, `${word} over ${options.dialect}, ${options.gateways} gateways`));
    print(`chart: ${file}`);
  }
  return options.findMax || results.every(isClean) ? 0 : 1;
};
