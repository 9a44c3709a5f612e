import { LATENCY_BUCKETS, type MetricsOf, type MetricTable, READINESS_METRICS } from '@trunkline/service-kit';

const PATIENT_BUCKETS = [...LATENCY_BUCKETS, 30, 60] as const;

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
  jobWaitSeconds: {
    type: 'histogram',
    name: 'trunkline_job_wait_seconds',
    help: 'From the time for which a job was meant to its first attempt, by the clocks of who added it and of this replica',
    labels: ['queue'],
    buckets: PATIENT_BUCKETS,
  },
  queueJobs: {
    type: 'gauge',
    name: 'trunkline_queue_jobs',
    help: 'Jobs in a queue: `waiting` (with a priority or without), `active`, `delayed` until their time, `failed` for good; the same from every replica',
    labels: ['queue', 'state'],
  },
} as const satisfies MetricTable;

const PUSH_METRICS = {
  pushes: {
    type: 'counter',
    name: 'trunkline_pushes_total',
    help: 'Attempts at pushes: `accepted` by the provider, `target_gone`, `failed` for good, `retry` (tried again while there is time), `deferred` likewise, before anything was to be asked of the provider, `expired` unsent',
    labels: ['provider', 'type', 'outcome'],
  },
  pushAcceptSeconds: {
    type: 'histogram',
    name: 'trunkline_push_accept_seconds',
    help: 'From a push claimed by this replica to its acceptance by the provider, its turn and the rate limit among it; what it waited in the queue before: `trunkline_job_wait_seconds`',
    labels: ['provider', 'type'],
    buckets: PATIENT_BUCKETS,
  },
  pushBreakers: {
    type: 'gauge',
    name: 'trunkline_push_breakers_open',
    help: 'Push services that this replica leaves alone because they are down: FCM is one, each host of Web Push another',
    labels: ['provider'],
  },
} as const satisfies MetricTable;

/** Everything that the notifier counts. */
export const NOTIFIER_METRICS = { ...READINESS_METRICS, ...JOB_METRICS, ...PUSH_METRICS } as const satisfies MetricTable;

export type JobMetrics = MetricsOf<typeof JOB_METRICS>;
export type PushMetrics = MetricsOf<typeof PUSH_METRICS>;
