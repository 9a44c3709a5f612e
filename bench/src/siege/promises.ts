import { textTable } from '../report/text-table.ts';
import type { AttackFigures } from './army.ts';

/** What the siege saw. */
export interface Sight {
  /** Megabytes. */
  growth: number;
  /** Milliseconds, of the slowest leg. */
  quietP99: number;
  besiegedP99: number;
  honestCalls: number;
  honestCallsLost: number;
  honestConnectionsLost: number;
  errorsLogged: number;
  processesEnded: number;
  framesAsked: number;
  framesSent: number;
  attackers: number;
  attackersAsked: number;
}

interface Promised {
  promise: string;
  asked: string;
  seen: string;
  kept: boolean;
}

const MOST_GROWTH = 150;
/** Below this, twice as long is nothing that a person could notice, and on a busy machine chance. */
const LEAST_P99 = 10;

/** `factor` 0: how long things took is shown, and not judged. */
export const promisesIn = (sight: Sight, factor: number): Promised[] => {
  const ratio = sight.besiegedP99 / Math.max(LEAST_P99, sight.quietP99);
  const none = (promise: string, count: number): Promised => ({ promise, asked: '0', seen: String(count), kept: count === 0 });
  return [
    {
      promise: 'memory that a gateway grows by',
      asked: `< ${MOST_GROWTH} MB`,
      seen: `${sight.growth.toFixed(0)} MB`,
      kept: sight.growth < MOST_GROWTH,
    },
    {
      promise: "honest people's p99 beside that without attackers",
      asked: factor === 0 ? 'not judged' : `< ${factor} ×`,
      seen: `${ratio.toFixed(2)} × (${sight.quietP99.toFixed(1)} → ${sight.besiegedP99.toFixed(1)} ms)`,
      kept: factor === 0 || ratio < factor,
    },
    { promise: 'honest calls', asked: '> 0', seen: String(sight.honestCalls), kept: sight.honestCalls > 0 },
    none('honest calls lost', sight.honestCallsLost),
    none('honest connections lost', sight.honestConnectionsLost),
    none('errors that a service logged', sight.errorsLogged),
    none('processes that ended', sight.processesEnded),
    {
      promise: 'attackers',
      asked: String(sight.attackersAsked),
      seen: String(sight.attackers),
      kept: sight.attackers >= sight.attackersAsked,
    },
    {
      promise: 'malformed frames',
      asked: String(sight.framesAsked),
      seen: String(sight.framesSent),
      kept: sight.framesSent >= sight.framesAsked,
    },
  ];
};

export const describePromises = (promises: readonly Promised[]): string =>
  textTable(
    ['promise', 'asked', 'seen', 'kept'],
    promises.map(({ promise, asked, seen, kept }) => [promise, asked, seen, kept ? 'yes' : 'NO']),
  );

export const describeAttacks = (figures: readonly AttackFigures[]): string =>
  textTable(
    ['attack', 'attackers', 'connections', 'ended by us', 'sent', ''],
    figures.map(({ name, attackers, lives, ended, sent, unit }) => [
      name,
      String(attackers),
      String(lives),
      String(ended),
      String(sent),
      unit,
    ]),
  );
