import type { PushJob, PushResult } from '@trunkline/contract';
import type { CallService } from '../call-service.ts';
import type { PushDispatcher, SentPush } from '../push/push-dispatcher.ts';
import type { PushReports } from '../push/push-reports.ts';

export interface PushWork {
  callService: Pick<CallService, 'claimPushes'>;
  dispatcher: PushDispatcher;
  reports: Pick<PushReports, 'add'>;
}

/** To call-service it is all one why a push is to be tried again. */
const resultOf = (sent: SentPush): PushResult => (sent.outcome === 'deferred' ? { ...sent, outcome: 'retry' } : sent);

/** Sends those of the pushes that call-service still wants sent. Done when every result is recorded. */
export const push =
  ({ callService, dispatcher, reports }: PushWork) =>
  async ({ pushes }: PushJob): Promise<void> => {
    // From before the question: the time left counts from then, so it is never thought longer than it is.
    const askedAt = performance.now();
    const claimed = await callService.claimPushes(pushes);
    const work = claimed.map(async (one) => {
      const sent = await dispatcher.send(one, askedAt);
      await reports.add(resultOf(sent), 'callId' in one.content ? one.content.callId : null);
    });
    const failed = (await Promise.allSettled(work)).find((settled) => settled.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };
