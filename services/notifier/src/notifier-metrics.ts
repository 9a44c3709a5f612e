import { LATENCY_BUCKETS, type MetricsOf, type MetricTable, READINESS_METRICS } from '@trunkline/service-kit';

/** What every queue has in common. */
const JOB_METRICS = {
  jobs: {
    type: 'counter',
    name: 'trunkline_jobs_total',
    help: 'Attempts at jobs, by queue and outcome: `done`, or `failed`, which may be tried again',
    labels: ['queue', 'outcome'],
  },
  jobSeconds: {
    type: 'histogram',
    name: 'trunkline_job_seconds',
    help: 'How long an attempt at a job took',
    labels: ['queue'],
    buckets: LATENCY_BUCKETS,
  },
  queueJobs: {
    type: 'gauge',
    name: 'trunkline_queue_jobs',
    help: 'Jobs in a queue: `waiting`, `active`, `delayed` until their time, `failed` for good; the same from every replica',
    labels: ['queue', 'state'],
  },
} as const satisfies MetricTable;

/** Everything that the notifier counts: a part that counts more brings a table of its own, and is spread here. */
export const NOTIFIER_METRICS = { ...READINESS_METRICS, ...JOB_METRICS } as const satisfies MetricTable;

export type JobMetrics = MetricsOf<typeof JOB_METRICS>;
