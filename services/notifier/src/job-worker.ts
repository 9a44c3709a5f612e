import { setTimeout as delay } from 'node:timers/promises';
import { jobsPrefix, type RedisConnection } from '@trunkline/bus';
import { QUEUES, type QueueName } from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import { type Job, Queue, UnrecoverableError, Worker } from 'bullmq';
import type { z } from 'zod';
import type { JobData, JobTable } from './job-table.ts';
import type { JobMetrics } from './notifier-metrics.ts';

export interface JobWorkerOptions {
  redis: RedisConnection;
  redisPrefix: string;
  /** How many jobs it works on at once. */
  concurrency: number;
  logger: Logger;
  metrics: Pick<JobMetrics, 'jobs' | 'jobSeconds' | 'jobWaitSeconds'>;
}

export interface JobWorker extends AsyncDisposable {
  /** Whether it takes jobs as soon as Redis has some. */
  isRunning(): boolean;
  /** How many jobs there are in each state. @throws when Redis is away */
  counts(): Promise<{ state: JobState; count: number }[]>;
}

const JOB_STATES = ['waiting', 'active', 'delayed', 'failed'] as const;
type JobState = (typeof JOB_STATES)[number];

const CLOSE_PATIENCE_MS = 5000;

/** A dead worker's jobs run again within lock + interval; finished ones are kept only to be looked at. */
const WORKER_OPTIONS = {
  lockDuration: 5000,
  stalledInterval: 2000,
  runRetryDelay: 1000,
  removeOnComplete: { age: 60, count: 100 },
  removeOnFail: { age: 86_400, count: 1000 },
};

const SCHEMAS: { readonly [Name in QueueName]: z.ZodType<JobData[Name]> } = QUEUES;

const parseJob = <Name extends QueueName>(queue: Name, given: unknown): JobData[Name] => {
  const parsed = SCHEMAS[queue].safeParse(given);
  if (parsed.success) return parsed.data;
  throw new UnrecoverableError(`a job of ${queue} is not what the contract says`);
};

/** Runs the jobs of one queue. Starts and stays up without Redis; stops within a bounded time, also without Redis. */
export const startJobWorker = <Name extends QueueName>(
  queue: Name,
  jobs: JobTable,
  { redis, redisPrefix, concurrency, logger, metrics }: JobWorkerOptions,
): JobWorker => {
  const prefix = jobsPrefix(redisPrefix);
  const work = async ({ data, timestamp, opts, attemptsMade }: Job): Promise<void> => {
    const startedAt = performance.now();
    if (attemptsMade === 0) metrics.jobWaitSeconds.observe({ queue }, Math.max(0, Date.now() - timestamp - (opts.delay ?? 0)) / 1000);
    try {
      await jobs[queue](parseJob(queue, data));
      metrics.jobs.inc({ queue, outcome: 'done' });
    } catch (error) {
      metrics.jobs.inc({ queue, outcome: 'failed' });
      throw error;
    } finally {
      metrics.jobSeconds.observe({ queue }, (performance.now() - startedAt) / 1000);
    }
  };
  const counted = new Queue(queue, { connection: redis, prefix, skipVersionCheck: true, skipMetasUpdate: true });
  counted.on('error', () => undefined);
  const worker = new Worker(queue, work, {
    ...WORKER_OPTIONS,
    connection: redis,
    prefix,
    concurrency,
  });
  let isStopping = false;
  worker.on('error', (error) => {
    // A connection that we end rejects what it had under way, which is no news then.
    if (redis.status === 'ready' && !isStopping) logger.error({ err: error, queue }, 'the job worker met an error');
  });
  worker.on('failed', (job, error) => logger.warn({ err: error, queue, attempt: job?.attemptsMade }, 'a job failed'));

  return {
    isRunning: () => worker.isRunning(),
    counts: async () => {
      if (redis.status !== 'ready') throw new Error('Redis is away');
      const counts = await counted.getJobCounts(...JOB_STATES, 'prioritized');
      // Those with a priority wait in a place of their own.
      const prioritized = counts['prioritized'] ?? 0;
      return JOB_STATES.map((state) => ({ state, count: (counts[state] ?? 0) + (state === 'waiting' ? prioritized : 0) }));
    },
    async [Symbol.asyncDispose]() {
      isStopping = true;
      const closed = worker.close(redis.status !== 'ready');
      await Promise.race([closed, delay(CLOSE_PATIENCE_MS, undefined, { ref: false })]);
      await worker.getBackend().close(true);
      await Promise.race([counted.close(), delay(CLOSE_PATIENCE_MS, undefined, { ref: false })]);
    },
  };
};
