import { setTimeout as pause } from 'node:timers/promises';
import type { PushId, PushResult } from '@trunkline/contract';
import { createMicroBatch, type Logger } from '@trunkline/service-kit';
import { type CallService, NotTaken } from '../call-service.ts';

export interface PushReports extends Disposable {
  /**
   * Resolves when call-service has recorded it, or takes others but not this one; rejects only when the notifier stops first.
   * `callId`: what the push was about, null where no call.
   */
  add(result: PushResult, callId: string | null): Promise<void>;
}

interface Reported {
  result: PushResult;
  callId: string | null;
}

/** The contract's most results of one request. */
const MOST_RESULTS = 500;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;
/** So often a report is refused before that is held to be for what it says, unless every call-service says so. */
const MOST_REFUSALS = 3;

/** Of a push that there is not, which changes nothing: whether this one is taken shows whether any is. */
const OF_NO_PUSH: PushResult = { outcome: 'expired', id: '00000000-0000-0000-0000-000000000000' as PushId, attempt: 0 };

/** Not as the contract says, and too large. Others of 4xx are about the token, the path or the pace. */
const isForItsContent = (status: number): boolean => [400, 413, 422].includes(status);
const isRefusal = (status: number): boolean => isForItsContent(status) || status >= 500;

/** For how many refusals a failure counts; none where no call-service was reached. */
const refusalsIn = (error: unknown): number => {
  if (!(error instanceof NotTaken)) return 0;
  const { statuses, errors } = error;
  const didAllAnswer = statuses.length === errors.length;
  if (didAllAnswer && statuses.every(isForItsContent)) return MOST_REFUSALS;
  return statuses.some(isRefusal) ? 1 : 0;
};

/**
 * Reports at once, and takes along what came meanwhile: of what was sent, little is unrecorded at any time, so little is sent twice
 * after a crash. A report is repeated until it is taken; one that is refused while others are taken is repeated in halves.
 */
export const createPushReports = (callService: Pick<CallService, 'recordPushResults'>, logger: Logger): PushReports => {
  const stopping = new AbortController();

  /** Refusals count only while other results are taken: without its database, call-service refuses them all. */
  const refusalsOf = async (error: unknown): Promise<number> => {
    const refusals = refusalsIn(error);
    if (refusals === 0) return 0;
    return callService.recordPushResults([OF_NO_PUSH]).then(
      () => refusals,
      () => 0,
    );
  };

  const sayAgain = (reported: readonly Reported[], error: unknown): void => {
    const callIds = [...new Set(reported.flatMap(({ callId }) => callId ?? []))];
    logger.warn({ err: error, results: reported.length, callIds }, 'results of pushes were not taken; they are reported again');
  };

  const giveUp = ({ result: { id, attempt, outcome }, callId }: Reported, error: unknown): void => {
    const about = { push: id, attempt, outcome, ...(callId === null ? {} : { callId }) };
    logger.error({ err: error, ...about }, 'call-service does not take the result of a push; it is given up');
  };

  /** One half after the other: a report is one request at a time, in parts too. */
  const divide = async (reported: readonly Reported[], error: unknown): Promise<void> => {
    const [only, ...others] = reported;
    if (only !== undefined && others.length === 0) return giveUp(only, error);
    sayAgain(reported, error);
    const middle = Math.ceil(reported.length / 2);
    for (const half of [reported.slice(0, middle), reported.slice(middle)]) await report(half, half.length === 1 ? MOST_REFUSALS : 1);
  };

  const report = async (reported: readonly Reported[], mostRefusals: number): Promise<void> => {
    let refusals = 0;
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      try {
        return await callService.recordPushResults(reported.map(({ result }) => result));
      } catch (error) {
        refusals += await refusalsOf(error);
        if (refusals >= mostRefusals) return divide(reported, error);
        sayAgain(reported, error);
        await pause(wait / 2 + (Math.random() * wait) / 2, undefined, { signal: stopping.signal });
      }
    }
  };

  const batch = createMicroBatch<Reported, undefined>({
    maxItems: MOST_RESULTS,
    maxInFlight: 2,
    run: async (reported) => {
      await report(reported, MOST_REFUSALS);
      return reported.map(() => undefined);
    },
  });
  return { add: (result, callId) => batch.add({ result, callId }), [Symbol.dispose]: () => stopping.abort() };
};
