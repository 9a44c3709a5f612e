import { type Traceparent, uuidv7 } from '@trunkline/contract';
import type { Transaction } from '../database/database.ts';
import type { PushOrder, Sending } from './push-order.ts';

/** A push that is to be enqueued once its transaction is committed. */
export interface QueuedPush {
  id: string;
  attempt: number;
  callId: string | null;
  bulkId: string | null;
  delayMs: number;
  /** Of the command that caused it, where that is traced. */
  traceparent?: Traceparent;
}

/** In SQL, how long a push may be without a result before it is enqueued again: what hurries, and what does not. `callId`: its column. */
export const lookAgainAfter = (callId: string): string =>
  `CASE WHEN ${callId} IS NULL THEN interval '15 seconds' ELSE interval '5 seconds' END`;

const IS_EXCEPTED = `o."exceptDevice" IS NOT NULL AND t.device_id IS NOT DISTINCT FROM o."exceptDevice"
  OR o."exceptOnly" AND (SELECT true FROM push_targets other WHERE other.user_id = t.user_id AND other.id <> t.id LIMIT 1) IS NULL`;

/** With its LIMIT it is looked up for each target; an EXISTS would be hashed, which reads the whole table. */
const WAS_RUNG = `(SELECT true FROM pushes ring
  WHERE ring.call_id = o."callId" AND ring.target_id = t.id AND ring.type = 'incoming_call' LIMIT 1)`;

/** A target that came later belongs to the notification of the rings that went before. */
const NOTIFICATION_ID = `CASE WHEN o."targetId" IS NULL THEN o."notificationId" ELSE coalesce((SELECT ring.notification_id FROM pushes ring
  WHERE ring.call_id = o."callId" AND ring.user_id = o."userId" AND ring.type = 'incoming_call' LIMIT 1), o."notificationId") END`;

/** `$1`: a JSON array of sendings. Makes a row for each target of each user, in their order, and a line in the trace of its call. */
export const QUEUE_PUSHES = {
  name: 'queue_pushes',
  text: `WITH queued AS (
      INSERT INTO pushes (notification_id, user_id, target_id, type, call_id, bulk_id, content, collapse_key, send_unless, expires_at, due_at)
      SELECT ${NOTIFICATION_ID}, o."userId", t.id, o.content->>'type', o."callId", o."bulkId", o.content, o."collapseKey", o.unless,
        to_timestamp(o."expiresAt" / 1000),
        coalesce(to_timestamp(o.at / 1000), clock_timestamp())
          + ${lookAgainAfter('o."callId"')}
      FROM jsonb_to_recordset($1::jsonb) AS o ("notificationId" uuid, "userId" text, "callId" text, "bulkId" uuid, content jsonb,
        "collapseKey" text, "expiresAt" float8, at float8, unless text, "exceptDevice" text, "exceptOnly" boolean, "onlyIfRung" boolean, "targetId" uuid)
      JOIN push_targets t ON t.user_id = o."userId"
      WHERE NOT (${IS_EXCEPTED}) AND (NOT o."onlyIfRung" OR ${WAS_RUNG})
        AND (o."targetId" IS NULL OR t.id = o."targetId" AND ${WAS_RUNG} IS NULL)
      ORDER BY o."notificationId" ON CONFLICT DO NOTHING RETURNING id, user_id, target_id, type, call_id, bulk_id, attempt, due_at - ${lookAgainAfter('call_id')} AS at
    ), traced AS (
      INSERT INTO call_trace (call_id, at, kind, user_id, device_id, detail)
      SELECT q.call_id, clock_timestamp(), 'push_queued', q.user_id, t.device_id,
        jsonb_build_object('type', q.type, 'pushId', q.id, 'platform', t.platform, 'provider', t.provider)
      FROM queued q JOIN push_targets t ON t.id = q.target_id WHERE q.call_id IS NOT NULL
    )
    SELECT id, attempt, call_id AS "callId", bulk_id AS "bulkId", greatest(0, extract(epoch FROM at - clock_timestamp()) * 1000)::float8 AS "delayMs" FROM queued`,
};

const AT_ONCE: readonly Sending[] = [{ at: null, unless: null }];

const rowsOf = ({ sendings = AT_ONCE, except, onlyIfRung = false, ...order }: PushOrder, notificationId: string) => {
  const callId = 'callId' in order.content ? order.content.callId : null;
  const conditions = { exceptDevice: except?.deviceId ?? null, exceptOnly: except?.deviceId === null && except.onlyTarget, onlyIfRung };
  return sendings.map((sending) => ({ ...order, ...sending, ...conditions, notificationId, callId }));
};

/** Ids that sort as the orders do: those of one millisecond differ by chance alone. */
const numbered = (orders: readonly PushOrder[]) => {
  const ids = orders.map(() => uuidv7()).sort();
  return orders.flatMap((order, index) => rowsOf(order, ids[index] as string));
};

/**
 * Queues pushes for every target of the users, in the transaction of what they tell of. What it answers with is to be
 * given to the push queue after the commit, as a hint: the sweep finds what was not.
 */
export const queuePushes = (transaction: Transaction, orders: readonly PushOrder[]): Promise<QueuedPush[]> =>
  transaction.query<QueuedPush>(QUEUE_PUSHES, [JSON.stringify(numbered(orders))]);
