import type { QUEUES, QueueName } from '@trunkline/contract';
import type { Tracing } from '@trunkline/service-kit';
import type { z } from 'zod';
import type { CallService } from './call-service.ts';
import { type PushWork, push } from './jobs/push.ts';
import { ringTimeout } from './jobs/ring-timeout.ts';
import { tracePushJob } from './tracing/trace-push-job.ts';

/** What a job of each queue carries. */
export type JobData = { readonly [Name in QueueName]: z.infer<(typeof QUEUES)[Name]> };

/** What each queue's jobs do. Jobs are at-least-once, so each MUST bear being run again. A rejection means: try again later. */
export type JobTable = { readonly [Name in QueueName]: (job: JobData[Name]) => Promise<void> };

export const createJobTable = (work: PushWork & { callService: CallService }, tracing: Tracing | null): JobTable => ({
  ring_timeout: ringTimeout(work.callService),
  push: tracePushJob(work, tracing),
  push_bulk: push(work),
});
