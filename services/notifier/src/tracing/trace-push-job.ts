import type { PushJob } from '@trunkline/contract';
import type { Tracing } from '@trunkline/service-kit';
import { type PushWork, push } from '../jobs/push.ts';
import type { PushDispatcher } from '../push/push-dispatcher.ts';

const tracedDispatcher = (dispatcher: PushDispatcher, parent: string, tracing: Tracing): PushDispatcher => ({
  ...dispatcher,
  send: async (one, claimedAt) => {
    const { content, address } = one;
    const attributes = { 'trunkline.provider': address.provider, ...('callId' in content ? { 'trunkline.call_id': content.callId } : {}) };
    const span = tracing.begin({ name: `push ${content.type}`, kind: 'client', parent, attributes });
    const result = await dispatcher.send(one, claimedAt);
    span?.end(result.outcome === 'accepted' ? undefined : result.outcome);
    return result;
  },
});

/** A job of a traced command is a part of its trace, and so is each push that it sends. */
export const tracePushJob = (work: PushWork, tracing: Tracing | null): ((job: PushJob) => Promise<void>) => {
  const untraced = push(work);
  if (tracing === null) return untraced;
  return async (job) => {
    if (job.traceparent === undefined) return untraced(job);
    const span = tracing.begin({ name: 'job push', kind: 'consumer', parent: job.traceparent, attributes: {} });
    const dispatcher = tracedDispatcher(work.dispatcher, span?.traceparent ?? job.traceparent, tracing);
    try {
      await push({ ...work, dispatcher })(job);
      span?.end();
    } catch (error) {
      span?.end('failed');
      throw error;
    }
  };
};
