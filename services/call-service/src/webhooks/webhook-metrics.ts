import { LATENCY_BUCKETS, type MetricsOf, type MetricTable } from '@trunkline/service-kit';

/** What call-service counts of webhooks and of the pre-ring hook. */
export const WEBHOOK_METRICS = {
  webhooks: {
    type: 'counter',
    name: 'trunkline_webhooks_total',
    help: 'Sendings of webhooks, by type and outcome: `delivered`, `retried` (failed, to be sent again), `dead` (given up)',
    labels: ['type', 'outcome'],
  },
  webhookSeconds: {
    type: 'histogram',
    name: 'trunkline_webhook_seconds',
    help: 'How long the receiver of webhooks took to answer, or not to',
    labels: [],
    buckets: LATENCY_BUCKETS,
  },
  webhooksWaiting: {
    type: 'gauge',
    name: 'trunkline_webhooks_waiting',
    help: 'Webhooks that are stored and not delivered, counted up to 10,000; the same from every replica that sends any',
    labels: [],
  },
  webhooksOldestSeconds: {
    type: 'gauge',
    name: 'trunkline_webhooks_oldest_seconds',
    help: 'Age of the oldest of them, 0 where there is none; the same from every replica that sends any',
    labels: [],
  },
  preRingHookSeconds: {
    type: 'histogram',
    name: 'trunkline_pre_ring_hook_seconds',
    help: 'How long the pre-ring hook took, by what it answered: `allow`, `deny`, `silence`, or `failed`',
    labels: ['outcome'],
    buckets: LATENCY_BUCKETS,
  },
} as const satisfies MetricTable;

export type WebhookMetrics = MetricsOf<typeof WEBHOOK_METRICS>;
