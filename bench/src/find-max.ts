import { isClean, longestP99, type Result } from './report/result.ts';

export interface MaxSearch {
  /** Where to begin, per second. */
  from: number;
  /** The most to try. */
  upTo: number;
  /** How close the answer must be: 0.05 is within 5 %. */
  within: number;
  /** The factor of its steps until the answer is bracketed. */
  growth?: number;
  /** No run begins after that, by `performance.now()`: then the highest that held so far is the answer. */
  until?: number;
  run(perSecond: number): Promise<Result>;
  report(line: string): void;
}

export const LONGEST_P99_MS = 100;
/** Less than this share of what was asked is not that rate. */
const ACHIEVED = 0.97;
const GROWTH = 1.6;
/** Below this part of where it began, the search gives up. */
const LOWEST_SHARE = 20;

/** Whether every leg has a p99 of at most 100 ms, all that was asked is achieved, and nothing is lost. */
export const holds = (result: Result): boolean =>
  isClean(result) && result.wasHopeless !== true && longestP99(result) <= LONGEST_P99_MS && result.achieved >= result.asked * ACHIEVED;

/** The highest rate that holds; null: none. */
export const findMax = async ({
  from,
  upTo,
  within,
  growth = GROWTH,
  until = Number.POSITIVE_INFINITY,
  run,
  report,
}: MaxSearch): Promise<Result | null> => {
  let best: Result | null = null;
  let tooMuch = Number.POSITIVE_INFINITY;
  let rate = from;
  const isOver = (): boolean => rate < from / LOWEST_SHARE || rate > upTo || tooMuch / (best?.asked ?? 1) <= 1 + within;
  while (!isOver() && performance.now() < until) {
    const result = await run(Math.round(rate));
    const verdict = holds(result);
    report(`${Math.round(rate)}/s ${verdict ? 'holds' : 'does not hold'}: achieved ${result.achieved}/s, p99 ${longestP99(result)} ms`);
    if (verdict) best = result;
    else tooMuch = rate;
    rate = nextRate(rate, best?.asked ?? 0, tooMuch, growth);
  }
  return best;
};

const nextRate = (rate: number, best: number, tooMuch: number, growth: number): number => {
  if (best === 0) return rate / growth;
  return tooMuch === Number.POSITIVE_INFINITY ? rate * growth : Math.sqrt(best * tooMuch);
};
