import { setTimeout as delay } from 'node:timers/promises';
import { jobsPrefix, type RedisConnection } from '@trunkline/bus';
import { QUEUES, type QueueName } from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import { UnrecoverableError, Worker } from 'bullmq';
import type { z } from 'zod';
import type { JobData, JobTable } from './job-table.ts';

export interface JobWorkerOptions {
  redis: RedisConnection;
  redisPrefix: string;
  /** How many jobs it works on at once. */
  concurrency: number;
  logger: Logger;
}

export interface JobWorker extends AsyncDisposable {
  /** Whether it takes jobs as soon as Redis has some. */
  isRunning(): boolean;
}

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
  { redis, redisPrefix, concurrency, logger }: JobWorkerOptions,
): JobWorker => {
  const worker = new Worker(queue, (job) => jobs[queue](parseJob(queue, job.data)), {
    ...WORKER_OPTIONS,
    connection: redis,
    prefix: jobsPrefix(redisPrefix),
    concurrency,
  });
  worker.on('error', (error) => {
    if (redis.status === 'ready') logger.error({ err: error, queue }, 'the job worker met an error');
  });
  worker.on('failed', (job, error) => logger.warn({ err: error, queue, attempt: job?.attemptsMade }, 'a job failed'));

  return {
    isRunning: () => worker.isRunning(),
    async [Symbol.asyncDispose]() {
      const closed = worker.close(redis.status !== 'ready');
      await Promise.race([closed, delay(CLOSE_PATIENCE_MS, undefined, { ref: false })]);
      await worker.getBackend().close(true);
    },
  };
};
