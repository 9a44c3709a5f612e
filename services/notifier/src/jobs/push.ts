import type { PushJob } from '@trunkline/contract';
import type { CallService } from '../call-service.ts';
import type { PushDispatcher } from '../push/push-dispatcher.ts';
import type { PushReports } from '../push/push-reports.ts';

export interface PushWork {
  callService: Pick<CallService, 'claimPushes'>;
  dispatcher: PushDispatcher;
  reports: Pick<PushReports, 'add'>;
}

/** Sends those of the pushes that call-service still wants sent. Done when every result is recorded. */
export const push =
  ({ callService, dispatcher, reports }: PushWork) =>
  async ({ pushes }: PushJob): Promise<void> => {
    // From before the question: the time left counts from then, so it is never thought longer than it is.
    const askedAt = performance.now();
    const claimed = await callService.claimPushes(pushes);
    const work = claimed.map(async (one) => {
      const result = await dispatcher.send(one, askedAt);
      await reports.add(result, 'callId' in one.content ? one.content.callId : null);
    });
    const failed = (await Promise.allSettled(work)).find((settled) => settled.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };
