import type { Transaction } from '../database/database.ts';
import type { Webhooks } from '../webhooks/start-webhooks.ts';
import { type FailedPush, pushDraft } from '../webhooks/webhook-draft.ts';

/** Of these pushes, those whose time was found to be over by this very transaction. */
export const READ_EXPIRED_NOW = {
  name: 'read_pushes_expired_now',
  text: `SELECT p.notification_id AS "notificationId", p.id AS "pushId", p.user_id AS "userId", p.type, p.call_id AS "callId", p.bulk_id AS "bulkId",
      t.provider, t.platform, p.error, (extract(epoch FROM p.done_at) * 1000)::float8 AS at
    FROM pushes p LEFT JOIN push_targets t ON t.id = p.target_id
    WHERE p.id = ANY ($1::uuid[]) AND p.status = 'expired' AND p.done_at >= transaction_timestamp()`,
};

type ExpiredRow = Omit<FailedPush, 'outcome' | 'targetGone'> & { at: number };

/** Has the app's backend told of the pushes that nobody was in time to send. */
export const tellExpired = async (transaction: Transaction, ids: readonly string[], webhooks: Pick<Webhooks, 'store'>): Promise<void> => {
  if (ids.length === 0) return;
  const expired = await transaction.query<ExpiredRow>(READ_EXPIRED_NOW, [ids]);
  webhooks.store(
    transaction,
    expired.map(({ at, ...push }) => pushDraft({ ...push, outcome: 'expired', targetGone: false }, at)),
  );
};
