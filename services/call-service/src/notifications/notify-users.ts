import type { PushContent } from '@trunkline/contract';
import type { Transaction } from '../database/database.ts';
import { preferencesFrom, wants } from './preferences.ts';
import type { PushOrder } from './push-order.ts';
import { type QueuedPush, queuePushes } from './queue-pushes.ts';
import { READ_REACH, type ReachRow } from './reach.ts';

/** One thing to tell several users, on all of their targets. */
export interface Notice {
  userIds: readonly string[];
  content: PushContent;
  /** Notices with the same key replace each other where they wait. */
  collapseKey: string | null;
  /** How long it is worth bringing. */
  livesMs: number;
  except?: NonNullable<PushOrder['except']>;
  bulkId?: string;
}

export interface NoticePolicy {
  /** Whether what people wrote may be in a push (invariant 11). */
  includeText: boolean;
}

const withinPolicy = (content: PushContent, { includeText }: NoticePolicy): PushContent =>
  content.type === 'chat_message' && !includeText ? { ...content, text: null } : content;

/**
 * Queues a push for each target of those users who want to hear of it now, in the transaction of what it tells of.
 * What it answers with is to be given to the push queue after the commit.
 */
export type Notify = (transaction: Transaction, notices: readonly Notice[]) => Promise<QueuedPush[]>;

export const notifyUsers =
  (policy: NoticePolicy): Notify =>
  async (transaction, notices) => {
    if (notices.length === 0) return [];
    const asked = [...new Set(notices.flatMap(({ userIds }) => userIds))];
    const reached = await transaction.query<ReachRow & { now: number }>(READ_REACH, [asked]);
    const reach = new Map(reached.map((row) => [row.userId, row]));
    const orders = notices.flatMap(({ userIds, livesMs, ...notice }) => {
      const content = withinPolicy(notice.content, policy);
      return userIds.flatMap((userId): PushOrder[] => {
        const { preferences = null, now = 0 } = reach.get(userId) ?? {};
        if (preferences === null || !wants(preferencesFrom(preferences), content.type, now)) return [];
        return [{ ...notice, content, userId, expiresAt: now + livesMs }];
      });
    });
    return orders.length === 0 ? [] : queuePushes(transaction, orders);
  };
