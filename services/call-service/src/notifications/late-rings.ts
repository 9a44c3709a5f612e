import { uuidv7 } from '@trunkline/contract';
import type { LateRing } from '../calls/world.ts';
import type { Transaction } from '../database/database.ts';
import { type LateRingOrder, lateRingOrders, type PushPolicy } from './call-pushes.ts';
import type { QueuedPush } from './queue-pushes.ts';

/** `$1`: a JSON array of sendings. Makes a row for each, in the notification of the rings that went before, and a line in the call's trace. */
export const QUEUE_LATE_RINGS = {
  name: 'queue_late_rings',
  text: `WITH queued AS (
      INSERT INTO pushes (notification_id, user_id, target_id, type, call_id, content, collapse_key, send_unless, expires_at, due_at)
      SELECT coalesce((SELECT ring.notification_id FROM pushes ring
          WHERE ring.call_id = o."callId" AND ring.user_id = o."userId" AND ring.type = 'incoming_call' LIMIT 1), o."notificationId"),
        o."userId", t.id, o.content->>'type', o."callId", o.content, o."collapseKey", o.unless, to_timestamp(o."expiresAt" / 1000),
        coalesce(to_timestamp(o.at / 1000), clock_timestamp()) + interval '5 seconds'
      FROM jsonb_to_recordset($1::jsonb) AS o ("notificationId" uuid, "userId" text, "targetId" uuid, "callId" text, content jsonb,
        "collapseKey" text, "expiresAt" float8, at float8, unless text)
      JOIN push_targets t ON t.id = o."targetId" AND t.user_id = o."userId"
      WHERE (SELECT true FROM pushes ring
        WHERE ring.call_id = o."callId" AND ring.target_id = t.id AND ring.type = 'incoming_call' LIMIT 1) IS NULL
      RETURNING id, user_id, target_id, type, call_id, attempt, due_at - interval '5 seconds' AS at
    ), traced AS (
      INSERT INTO call_trace (call_id, at, kind, user_id, device_id, detail)
      SELECT q.call_id, clock_timestamp(), 'push_queued', q.user_id, t.device_id,
        jsonb_build_object('type', q.type, 'pushId', q.id, 'platform', t.platform, 'provider', t.provider)
      FROM queued q JOIN push_targets t ON t.id = q.target_id
    )
    SELECT id, attempt, call_id AS "callId", NULL AS "bulkId",
      greatest(0, extract(epoch FROM at - clock_timestamp()) * 1000)::float8 AS "delayMs" FROM queued`,
};

const rowsOf = ({ sendings, ...order }: LateRingOrder) => {
  const notificationId = uuidv7();
  return sendings.map((sending) => ({ ...order, ...sending, notificationId, callId: order.content.callId }));
};

/** Queues rings for targets that were registered while they ring; not again for one that has its ring. The calls are locked. */
export const queueLateRings = (transaction: Transaction, lateRings: readonly LateRing[], policy: PushPolicy): Promise<QueuedPush[]> => {
  const orders = lateRingOrders(lateRings, policy);
  if (orders.length === 0) return Promise.resolve([]);
  return transaction.query<QueuedPush>(QUEUE_LATE_RINGS, [JSON.stringify(orders.flatMap(rowsOf))]);
};
