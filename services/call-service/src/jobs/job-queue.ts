import { connectRedis, jobsPrefix } from '@trunkline/bus';
import { JOB_RETRIES, type QUEUES, type QueueName } from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import { Queue } from 'bullmq';
import type { z } from 'zod';
import { logRedisError } from '../log-redis-error.ts';

type JobOf<Name extends QueueName> = z.infer<(typeof QUEUES)[Name]>;

export interface AddedJob<Job> {
  /** The queue keeps one job of an id, whoever adds it. MUST hold no ":" and be no number. */
  id: string;
  job: Job;
  delayMs: number;
  /** Behind all jobs that have none; the higher, the later. */
  priority?: number;
}

/** Hints to the notifier: what is lost here, a sweep finds in the database. */
export interface JobQueue<Job> extends AsyncDisposable {
  /** Whether a job that is added now has a chance to arrive. */
  isReady(): boolean;
  /** Never blocks, never throws. */
  add(jobs: readonly AddedJob<Job>[]): void;
  /** How many jobs could be worked on now, and nobody has taken them. @throws where Redis is away */
  countWaiting(): Promise<number>;
}

export interface JobQueueOptions {
  redisUrl: string;
  prefix: string;
  logger: Logger;
}

const CLOSE_PATIENCE_MS = 1000;
const ONCE_DONE = { removeOnComplete: true, removeOnFail: true } as const;

export const openJobQueue = <Name extends QueueName>(name: Name, { redisUrl, prefix, logger }: JobQueueOptions): JobQueue<JobOf<Name>> => {
  const onError = logRedisError(logger.child({ queue: name }));
  const connection = connectRedis(redisUrl, 'command', onError);
  const queue = new Queue(name, { connection, prefix: jobsPrefix(prefix), skipVersionCheck: true });
  queue.on('error', onError);

  const bulkJob = ({ id, job, delayMs, priority }: AddedJob<JobOf<Name>>) => ({
    name,
    data: job,
    opts: { jobId: id, delay: delayMs, ...(priority === undefined ? {} : { priority }), ...ONCE_DONE, ...JOB_RETRIES },
  });

  return {
    isReady: () => connection.status === 'ready',
    add: (jobs) => {
      if (jobs.length > 0 && connection.status === 'ready') queue.addBulk(jobs.map(bulkJob)).catch(onError);
    },
    // Those with a priority wait in a place of their own.
    countWaiting: () => queue.getJobCountByTypes('waiting', 'prioritized'),
    async [Symbol.asyncDispose]() {
      await Promise.race([queue.close(), new Promise((resolve) => setTimeout(resolve, CLOSE_PATIENCE_MS).unref())]);
      connection.disconnect();
    },
  };
};
