import { connectRedis, jobsPrefix } from '@trunkline/bus';
import { JOB_RETRIES, type RingTimeoutJob } from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import { Queue } from 'bullmq';

/** Deadlines are rounded up to this, so that one job serves all calls that are due together. */
const BUCKET_MS = 100;
const REMEMBER_BUCKETS = 5000;

export interface RingTimeoutQueue extends AsyncDisposable {
  /** Asks for a prompt look at the calls that are due then. A hint: the sweep is certain. Never blocks, never throws. */
  schedule(dueAt: number, now: number): void;
}

export interface RingTimeoutQueueOptions {
  redisUrl: string;
  prefix: string;
  logger: Logger;
}

export const openRingTimeoutQueue = ({ redisUrl, prefix, logger }: RingTimeoutQueueOptions): RingTimeoutQueue => {
  const onError = (error: Error): void => logger.debug({ err: error }, 'the job queue has no Redis');
  const connection = connectRedis(redisUrl, 'command', onError);
  const queue = new Queue<RingTimeoutJob>('ring_timeout', { connection, prefix: jobsPrefix(prefix), skipVersionCheck: true });
  queue.on('error', onError);
  const asked = new Set<number>();

  return {
    schedule: (dueAt, now) => {
      const bucket = Math.ceil(dueAt / BUCKET_MS) * BUCKET_MS;
      if (asked.has(bucket) || connection.status !== 'ready') return;
      asked.add(bucket);
      const [oldest] = asked;
      if (asked.size > REMEMBER_BUCKETS && oldest !== undefined) asked.delete(oldest);
      // The same id from every replica: the queue keeps one job for each bucket.
      const options = {
        jobId: `ring_timeout-${bucket}`,
        delay: Math.max(0, bucket - now),
        removeOnComplete: true,
        removeOnFail: true,
        ...JOB_RETRIES,
      };
      queue.add('ring_timeout', { dueAt: bucket }, options).catch(onError);
    },
    async [Symbol.asyncDispose]() {
      await Promise.race([queue.close(), new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
      connection.disconnect();
    },
  };
};
