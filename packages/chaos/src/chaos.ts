import { interruption, NEVER } from '@trunkline/backing-services';
import { FAULT_NAMES, PACKET_FAULT_NAMES } from './faults/schedule.ts';
import { type Options, parseRequest, secondsOf, USAGE, UsageError } from './options.ts';
import { breachReport, faultTable, promiseTable } from './report.ts';
import { run, scaleFor } from './run.ts';
import { soak } from './soak.ts';
import { runInNamespace } from './system/namespace.ts';
import { StartError } from './system/service-process.ts';
import { startWorld, type World } from './system/world.ts';

export type Print = (line: string) => void;

const DEFAULT_RATE = 20;

/** Delays have a figure; what is a fact has none. */
const isJudged = (options: Options, figure: string | undefined, promise: string): boolean =>
  figure === undefined || !options.factsOnly || options.sabotage === promise;

const faultsOf = ({ faults, sabotage, namespace }: Options): readonly string[] => {
  if (faults !== undefined) return faults;
  if (sabotage !== undefined) return [];
  return namespace ? [...FAULT_NAMES, ...PACKET_FAULT_NAMES] : FAULT_NAMES;
};

/** When the run is over. */
const extentOf = (seconds: number | null, times: number | null): string =>
  [
    ...(times === null ? [] : [`until each fault has happened ${times === 1 ? 'once' : `${times} times`}`]),
    ...(seconds === null ? [] : [`for ${seconds} s`]),
  ].join(', at most ');

const cause = async (world: World, options: Options, print: Print): Promise<number> => {
  const seed = options.seed ?? 1 + (Date.now() % 1_000_000);
  const seconds = secondsOf(options);
  const times = options.times ?? null;
  const faults = faultsOf(options);
  const rate = options.rate ?? DEFAULT_RATE;
  print(`seed ${seed}: ${rate} calls a second ${extentOf(seconds, times)}`);
  const startedAt = Date.now();
  const report: Print = (line) => print(`${String(Math.round((Date.now() - startedAt) / 1000)).padStart(5)} s  ${line}`);
  const scale = options.scale ?? scaleFor(seconds, times ?? 1, faults);
  const { verdicts, evidence, calls, turnedAway, ownLagMs, arrivalsLateMs } = await run({
    world,
    seed,
    seconds,
    times,
    rate,
    faults,
    scale,
    restSeconds: options.rest ?? null,
    sabotage: options.sabotage,
    report,
  });
  const broken = verdicts.filter(({ breaches, figure, promise }) => breaches.length > 0 && isJudged(options, figure, promise));
  print('');
  for (const line of [...promiseTable(verdicts), '', ...faultTable(faults, evidence)]) print(line);
  const late = `this process itself was up to ${Math.round(ownLagMs)} ms late (p99), and arrivals up to ${(arrivalsLateMs / 1000).toFixed(1)} s`;
  print(`${calls} calls; ${turnedAway} arrivals found nobody free; ${late}`);
  for (const line of breachReport(broken, evidence)) print(line);
  print(broken.length === 0 ? 'every promise held' : `broken: ${broken.map(({ promise }) => promise).join(', ')}. Again: --seed ${seed}`);
  return broken.length === 0 ? 0 : 1;
};

const tryWorld = async (isSoak: boolean, options: Options, print: Print, signal: AbortSignal): Promise<number> => {
  await using world = await startWorld({
    gateways: options.gateways,
    callServices: options.callServices,
    durable: !options.notDurable,
    beside: options.beside,
    tellsItsMemory: isSoak,
    report: print,
  });
  return await Promise.race([(isSoak ? soak : cause)(world, options, print), interruption(signal)]);
};

/**
 * Runs the command. Resolves with its exit code: 1 when a promise was broken, 2 when it was asked wrongly or a service could not be started, the signal's reason where that
 * ended it; in any case, all that it started has ended.
 */
export const runChaos = async (argv: readonly string[], print: Print, signal: AbortSignal = NEVER): Promise<number> => {
  try {
    const request = parseRequest(argv);
    if (request === null) {
      print(USAGE);
      return 0;
    }
    if (request.options.namespace && request.options.leftNetwork === undefined) return await runInNamespace(argv, print, signal);
    return await tryWorld(request.isSoak, request.options, print, signal);
  } catch (error) {
    if (error instanceof StartError) {
      print(error.message);
      return 2;
    }
    if (!(error instanceof UsageError)) throw error;
    print(`${error.message}\n\n${USAGE}`);
    return 2;
  }
};
