import { setTimeout as pause } from 'node:timers/promises';
import { type Comparison, comparisonOf, describeComparison, ENTRANTS, type Entrant, entrantsOf, shown } from './comparison.ts';
import type { Options } from './options.ts';
import { FIGURES, type Guess, type Probed, probe } from './probe.ts';
import { median } from './report/medians.ts';
import { startBaseline } from './system/baseline.ts';
import type { Stores } from './system/stores.ts';
import { startTrunkline } from './system/trunkline.ts';
import { NO_PATIENCE, type Patience } from './undisturbed.ts';

const ROUNDS = 5;
/** Of a search for the highest rate. */
const STEP_SECONDS = 2;
/** All of it, the start of the stores and their end left out: those take seconds. */
const WITHIN_MS = 14 * 60_000;
/** What a probe may take on average, so that all rounds fit. */
const PROBE_MS = 55_000;
/** What is left of a probe when its searches are told to end. */
const ENDING_MS = 10_000;
const FIRST_GUESS: Readonly<Record<Entrant, Guess>> = {
  baseline: { callsPerSecond: 1250, messagesPerSecond: 2500, isInformed: false },
  onlycare: { callsPerSecond: 2500, messagesPerSecond: 4000, isInformed: false },
  chattrix: { callsPerSecond: 2500, messagesPerSecond: 4000, isInformed: false },
};

/** A little more than what held: then one step up, or one down, brackets the answer. */
const guessFrom = (entrant: Entrant, runs: readonly Probed[]): Guess => {
  const ofRuns = (name: 'callsPerSecond' | 'messagesPerSecond'): number | null =>
    median(runs.map((run) => run[name] ?? 0).filter((value) => value > 0));
  const first = FIRST_GUESS[entrant];
  const [calls, messages] = [ofRuns('callsPerSecond'), ofRuns('messagesPerSecond')];
  return {
    callsPerSecond: calls === null ? first.callsPerSecond : calls * 1.04,
    messagesPerSecond: messages === null ? first.messagesPerSecond : messages * 1.04,
    isInformed: calls !== null,
  };
};

/** The ordinary server and ours in turn, on the same machine, stores and load; whatever is known when the time is up. */
export const compareWithBaseline = async (stores: Stores, options: Options, print: (line: string) => void): Promise<Comparison> => {
  const { gateways, callServices, seconds = STEP_SECONDS, connections = 1000, pairs = ROUNDS, asIs } = options;
  const runs: Record<Entrant, Probed[]> = { baseline: [], onlycare: [], chattrix: [] };
  const startedAt = performance.now();
  const elapsed = (): number => performance.now() - startedAt;
  let probes = 0;

  const probeOne = async (entrant: Entrant): Promise<void> => {
    // Whoever was quicker than planned leaves the others time to wait for a quiet machine.
    const spare = (probes + 0.5) * PROBE_MS;
    const patience: Patience = asIs ? NO_PATIENCE : { isLeft: () => elapsed() < spare };
    probes += 1;
    const figures = await probe({
      stores,
      start: () =>
        entrant === 'baseline'
          ? startBaseline({ stores, processes: gateways })
          : startTrunkline({ stores, gateways, callServices, checkout: null, profileFolder: null }),
      dialect: entrant === 'baseline' ? 'onlycare' : entrant,
      callServices,
      connections,
      seconds,
      guess: guessFrom(entrant, runs[entrant]),
      withMessages: entrant === 'baseline' || entrantsOf('messagesPerSecond').includes(entrant),
      patience,
      until: startedAt + WITHIN_MS - ENDING_MS,
      report: (line) => print(`  ${entrant}: ${line}`),
    });
    runs[entrant].push(figures);
    print(`${entrant}: ${FIGURES.map((name) => `${name} ${shown(figures[name])}`).join(', ')}`);
  };

  /** What one probe meets on a busy machine costs its own figures, and not those of all others. */
  const tryOne = async (entrant: Entrant): Promise<void> => {
    try {
      await probeOne(entrant);
    } catch (error) {
      print(`${entrant}: no figures of this round: ${error instanceof Error ? error.message : error}`);
    }
  };

  const allRounds = async (): Promise<void> => {
    let longest = 0;
    for (let round = 1; round <= pairs; round += 1) {
      if (elapsed() + longest > WITHIN_MS) return print(`the time is up after ${round - 1} of ${pairs} rounds`);
      print(`round ${round} of ${pairs}, ${Math.round(elapsed() / 1000)} s`);
      const from = elapsed();
      for (const entrant of ENTRANTS) await tryOne(entrant);
      longest = Math.max(longest, elapsed() - from);
    }
  };

  const timeIsUp = new AbortController();
  await Promise.race([allRounds(), pause(WITHIN_MS, null, { signal: timeIsUp.signal })]);
  timeIsUp.abort();
  const comparison = comparisonOf(runs);
  print(`\n${describeComparison(comparison)}\ntook ${Math.round(elapsed() / 1000)} s`);
  return comparison;
};
