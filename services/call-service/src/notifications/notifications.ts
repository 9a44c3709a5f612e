import type { ClaimedPush, PushResult } from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import type { Background } from '../background.ts';
import type { Bring } from '../calls/bring.ts';
import type { Database } from '../database/database.ts';
import type { PushQueue } from '../jobs/push-queue.ts';
import type { Webhooks } from '../webhooks/start-webhooks.ts';
import { type Bulks, createBulks } from './bulks.ts';
import { claimPushes } from './claim-pushes.ts';
import { type NoticePolicy, type Notify, notifyUsers } from './notify-users.ts';
import { sweepPushes } from './push-sweep.ts';
import { createPushTargets, type PushTargets } from './push-targets.ts';
import { createReachWatch } from './reach-watch.ts';
import { recordResults } from './record-results.ts';

export interface Notifications {
  readonly targets: PushTargets;
  readonly bulks: Bulks;
  readonly notify: Notify;
  /** Of these, what is still to be sent. */
  claim(asked: readonly Pick<ClaimedPush, 'id' | 'attempt'>[]): Promise<ClaimedPush[]>;
  /** Resolves when the results are stored; what follows from them for calls comes behind. */
  record(results: readonly PushResult[]): Promise<void>;
  /** These users may have come within reach of push, or out of it. */
  onReachChanged(userIds: readonly string[]): Promise<void>;
  /** Makes the pushes of what is due to many, without being waited for. */
  expandBulks(): void;
  /** Enqueues again what has no result. */
  sweep(): Promise<void>;
}

export interface NotificationsOptions {
  database: Database;
  bring: Bring;
  queue: PushQueue;
  /** Where what no request waits for goes on. */
  background: Pick<Background, 'run' | 'stopping'>;
  noticePolicy: NoticePolicy;
  logger: Logger;
  /** Null: the app's backend is told nothing. */
  webhooks: Pick<Webhooks, 'store' | 'wake'> | null;
}

/** The pushes of call-service: to whom they go, and what became of them. */
export const createNotifications = (options: NotificationsOptions): Notifications => {
  const { database, bring, queue, background, noticePolicy, logger, webhooks } = options;
  const reach = createReachWatch(database, bring);
  const notify = notifyUsers(noticePolicy);
  const bulks = createBulks({ database, notify, enqueue: queue.enqueue });

  const record = async (results: readonly PushResult[]): Promise<void> => {
    const { again, rung, unreached } = await database.transaction((transaction) => recordResults(transaction, results, webhooks));
    webhooks?.wake();
    queue.enqueue(again);
    await Promise.all([...rung.map((callId) => bring({ kind: 'pushed', callId })), reach.changed(unreached)]);
  };

  return {
    targets: createPushTargets({ database, reach }),
    bulks,
    notify,
    claim: (asked) => claimPushes(database, asked, webhooks),
    record,
    onReachChanged: reach.changed,
    expandBulks: () => {
      background.run(
        bulks
          .expand(background.stopping)
          .catch((error: unknown) => logger.warn({ err: error }, 'a notification to many waits for the sweep')),
      );
    },
    sweep: async () => {
      // Without Redis a push would only be counted as tried again.
      if (!queue.isReady()) return;
      await sweepPushes({ database, enqueue: queue.enqueue, webhooks, bulksAreQueued: await queue.hasBulksWaiting() });
    },
  };
};
