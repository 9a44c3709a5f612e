import type { PushMetrics } from '../notifier-metrics.ts';
import type { PushDispatcher } from './push-dispatcher.ts';

/** The dispatcher, with every attempt counted by what came of it. */
export const countPushes = (dispatcher: PushDispatcher, { pushes, pushAcceptSeconds, pushBreakers }: PushMetrics): PushDispatcher => {
  pushBreakers.readAtScrape(() =>
    Object.entries(dispatcher.openBreakers()).map(([provider, count]) => ({ labels: { provider }, value: count })),
  );
  return {
    ...dispatcher,
    send: async (push, claimedAt) => {
      const result = await dispatcher.send(push, claimedAt);
      const labels = { provider: push.address.provider, type: push.content.type };
      pushes.inc({ ...labels, outcome: result.outcome });
      if (result.outcome === 'accepted') pushAcceptSeconds.observe(labels, (performance.now() - claimedAt) / 1000);
      return result;
    },
  };
};
