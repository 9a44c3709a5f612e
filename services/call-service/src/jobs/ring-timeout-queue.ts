import { type JobQueueOptions, openJobQueue } from './job-queue.ts';

/** Deadlines are rounded up to this, so that one job serves all calls that are due together. */
const BUCKET_MS = 100;
const REMEMBER_BUCKETS = 5000;

export interface RingTimeoutQueue extends AsyncDisposable {
  /** Asks for a prompt look at the calls that are due then. A hint: the sweep is certain. Never blocks, never throws. */
  schedule(dueAt: number, now: number): void;
}

export const openRingTimeoutQueue = (options: JobQueueOptions): RingTimeoutQueue => {
  const queue = openJobQueue('ring_timeout', options);
  const asked = new Set<number>();

  return {
    schedule: (dueAt, now) => {
      const bucket = Math.ceil(dueAt / BUCKET_MS) * BUCKET_MS;
      if (asked.has(bucket) || !queue.isReady()) return;
      asked.add(bucket);
      const [oldest] = asked;
      if (asked.size > REMEMBER_BUCKETS && oldest !== undefined) asked.delete(oldest);
      // The same id from every replica: the queue keeps one job for each bucket.
      queue.add([{ id: `ring_timeout-${bucket}`, job: { dueAt: bucket }, delayMs: Math.max(0, bucket - now) }]);
    },
    [Symbol.asyncDispose]: () => queue[Symbol.asyncDispose](),
  };
};
