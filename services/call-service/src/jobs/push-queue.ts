import { PushId, type Traceparent } from '@trunkline/contract';
import type { QueuedPush } from '../notifications/queue-pushes.ts';
import { type AddedJob, type JobQueueOptions, openJobQueue } from './job-queue.ts';

const CHUNK = 500;
/** What is due within this goes together. */
const BUCKET_MS = 100;
/** What nobody waits for goes behind every ring and stop. */
const NO_HURRY = 10;

export interface PushQueue extends AsyncDisposable {
  isReady(): boolean;
  /** Hands pushes to the notifiers: those of a call together, the others in chunks. A hint; never blocks, never throws. */
  enqueue(pushes: readonly QueuedPush[]): void;
  /** Whether what goes to many still waits for a notifier. @throws where Redis is away */
  hasBulksWaiting(): Promise<boolean>;
}

type Job = { pushes: { id: PushId; attempt: number }[]; traceparent?: Traceparent };

const chunksOf = (pushes: readonly QueuedPush[]): QueuedPush[][] =>
  Array.from({ length: Math.ceil(pushes.length / CHUNK) }, (_, index) => pushes.slice(index * CHUNK, (index + 1) * CHUNK));

const whenIsDue = ({ callId, delayMs }: QueuedPush): string => JSON.stringify([callId, Math.ceil(delayMs / BUCKET_MS)]);

/** An attempt is enqueued once, so the first one of a chunk names the job. */
const jobOf = (pushes: readonly QueuedPush[]): AddedJob<Job>[] => {
  const [first] = pushes;
  if (first === undefined) return [];
  return [
    {
      id: `push-${first.id}-${first.attempt}`,
      job: {
        pushes: pushes.map(({ id, attempt }) => ({ id: PushId.parse(id), attempt })),
        ...(first.traceparent === undefined ? {} : { traceparent: first.traceparent }),
      },
      delayMs: Math.round(first.delayMs),
      ...(first.callId === null ? { priority: NO_HURRY } : {}),
    },
  ];
};

const jobsOf = (pushes: readonly QueuedPush[]): AddedJob<Job>[] =>
  [...Map.groupBy(pushes, whenIsDue).values()].flatMap(chunksOf).flatMap(jobOf);

const isBulk = ({ bulkId }: QueuedPush): boolean => bulkId !== null;

export const openPushQueue = (options: JobQueueOptions): PushQueue => {
  const queue = openJobQueue('push', options);
  const bulkQueue = openJobQueue('push_bulk', options);
  return {
    isReady: () => queue.isReady() && bulkQueue.isReady(),
    enqueue: (pushes) => {
      const [bulk, own] = [pushes.filter(isBulk), pushes.filter((push) => !isBulk(push))];
      queue.add(jobsOf(own));
      bulkQueue.add(jobsOf(bulk));
    },
    hasBulksWaiting: async () => (await bulkQueue.countWaiting()) > 0,
    async [Symbol.asyncDispose]() {
      await Promise.all([queue[Symbol.asyncDispose](), bulkQueue[Symbol.asyncDispose]()]);
    },
  };
};
