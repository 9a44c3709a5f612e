import { setTimeout as pause } from 'node:timers/promises';
import type { PushResult } from '@trunkline/contract';
import { createMicroBatch, type Logger } from '@trunkline/service-kit';
import type { CallService } from '../call-service.ts';

export interface PushReports extends Disposable {
  /** Resolves when call-service has recorded it; rejects only when the notifier stops first. `callId`: what the push was about, null where no call. */
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

/**
 * Reports at once, and takes along what came meanwhile: of what was sent, little is unrecorded at any time, so little is sent twice
 * after a crash. A report is repeated until it is taken.
 */
export const createPushReports = (callService: Pick<CallService, 'recordPushResults'>, logger: Logger): PushReports => {
  const stopping = new AbortController();

  const report = async (reported: Reported[]): Promise<undefined[]> => {
    const results = reported.map(({ result }) => result);
    const callIds = [...new Set(reported.flatMap(({ callId }) => callId ?? []))];
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      try {
        await callService.recordPushResults(results);
        return results.map(() => undefined);
      } catch (error) {
        logger.warn({ err: error, results: results.length, callIds }, 'results of pushes were not taken; they are reported again');
        await pause(wait / 2 + (Math.random() * wait) / 2, undefined, { signal: stopping.signal });
      }
    }
  };

  const batch = createMicroBatch<Reported, undefined>({ maxItems: MOST_RESULTS, maxInFlight: 2, run: report });
  return { add: (result, callId) => batch.add({ result, callId }), [Symbol.dispose]: () => stopping.abort() };
};
