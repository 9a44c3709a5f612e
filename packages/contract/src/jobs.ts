import { z } from 'zod';
import { PushJob } from './push.ts';

/** At-least-once and in clear text: a job carries no more than is needed to look the rest up. */
export const RingTimeoutJob = z.object({
  /** Epoch milliseconds by the database's clock: every ring that is past its deadline by then is to be timed out. */
  dueAt: z.number(),
});
export type RingTimeoutJob = z.infer<typeof RingTimeoutJob>;

/** One queue per kind of job, named for it. `push_bulk` is for what goes to many: it never keeps a ring from a worker. */
export const QUEUES = { ring_timeout: RingTimeoutJob, push: PushJob, push_bulk: PushJob } as const;
export type QueueName = keyof typeof QUEUES;

/** How often a job is tried and how long BullMQ waits in between, given with the job by whoever adds it. */
export const JOB_RETRIES = { attempts: 4, backoff: { type: 'exponential', delay: 250, jitter: 0.5 } } as const;
