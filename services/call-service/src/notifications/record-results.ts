import type { PushResult, PushType } from '@trunkline/contract';
import type { Transaction } from '../database/database.ts';
import type { Webhooks } from '../webhooks/start-webhooks.ts';
import { pushDraft, type WebhookDraft } from '../webhooks/webhook-draft.ts';
import { MISSED_CALL_AFTER_MS } from './call-pushes.ts';
import { lookAgainAfter, type QueuedPush } from './queue-pushes.ts';

/** Half a second, doubled with each failure up to a minute, and jitter; never before the provider allows it. */
const RETRY_DELAY_MS = `greatest(
  least(60000, 500 * power(2, least(p.failures, 8))) * (0.5 + random() / 2),
  coalesce(given."retryAfterMs", 0) * (1 + random() / 10))`;

/**
 * `$1`: a JSON array of results. A provider's acceptance counts whichever attempt it was; anything else only of the attempt
 * that is under way. Done twice, it changes nothing the second time.
 */
export const RECORD_RESULTS = {
  name: 'record_results',
  text: `WITH given AS MATERIALIZED (
      SELECT p.id, p.notification_id, p.status, p.type, p.call_id, p.bulk_id, p.user_id, p.target_id, p.target_revision, p.expires_at, given.outcome, given."providerId",
        given.error, ${RETRY_DELAY_MS} AS delay_ms
      FROM jsonb_to_recordset($1::jsonb)
        AS given (id uuid, attempt integer, outcome text, "providerId" text, error text, "retryAfterMs" float8)
      JOIN pushes p ON p.id = given.id
      WHERE p.claimed_attempt = given.attempt AND p.claimed_until IS NOT NULL OR p.status = 'queued' AND given.outcome = 'accepted'
      ORDER BY p.id FOR UPDATE OF p
    ), judged AS MATERIALIZED (
      SELECT g.*, t.device_id, t.provider, t.platform, CASE
        WHEN g.outcome = 'accepted' THEN 'accepted'
        WHEN g.status <> 'queued' THEN g.status
        WHEN g.outcome IN ('target_gone', 'failed') THEN 'failed'
        WHEN g.outcome = 'expired' OR g.expires_at <= clock_timestamp() + g.delay_ms * interval '1 millisecond' THEN 'expired'
        ELSE 'queued' END AS next_status
      FROM given g LEFT JOIN push_targets t ON t.id = g.target_id
    ), recorded AS (
      UPDATE pushes p SET
        status = j.next_status,
        provider_id = coalesce(j."providerId", p.provider_id),
        error = CASE j.next_status WHEN 'accepted' THEN NULL ELSE coalesce(j.error, p.error) END,
        done_at = CASE j.next_status WHEN 'queued' THEN NULL ELSE clock_timestamp() END,
        due_at = CASE j.next_status WHEN 'queued' THEN clock_timestamp() + j.delay_ms * interval '1 millisecond' + ${lookAgainAfter('p.call_id')} END,
        attempt = p.attempt + CASE j.next_status WHEN 'queued' THEN 1 ELSE 0 END,
        failures = p.failures + CASE j.outcome WHEN 'retry' THEN 1 ELSE 0 END,
        claimed_attempt = NULL, claimed_until = NULL
      FROM judged j WHERE p.id = j.id RETURNING p.id, p.attempt
    ), gone AS (
      DELETE FROM push_targets t USING judged j
      WHERE j.outcome = 'target_gone' AND t.id = j.target_id AND t.revision = j.target_revision RETURNING t.user_id
    ), traced AS (
      INSERT INTO call_trace (call_id, at, kind, user_id, device_id, detail)
      SELECT call_id, clock_timestamp(), CASE next_status WHEN 'accepted' THEN 'push_accepted' WHEN 'queued' THEN 'push_delayed' ELSE 'push_failed' END,
        user_id, device_id, jsonb_strip_nulls(jsonb_build_object('type', type, 'pushId', id, 'providerId', "providerId", 'why', coalesce(error, next_status)))
          - CASE next_status WHEN 'accepted' THEN 'why' ELSE '' END
      FROM judged WHERE call_id IS NOT NULL AND next_status <> 'dropped'
    )
    SELECT j.id, j.notification_id AS "notificationId", j.provider, j.platform, j.error, j.outcome = 'target_gone' AS "isGone",
      (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at, r.attempt, j.type, j.call_id AS "callId", j.bulk_id AS "bulkId", j.user_id AS "userId", j.target_id AS "targetId", j.next_status AS status,
      j.delay_ms AS "delayMs", EXISTS (SELECT FROM gone WHERE gone.user_id = j.user_id) AS "targetGone"
    FROM judged j JOIN recorded r ON r.id = j.id`,
};

/** What waits for another push of its call and target to be out of a notifier's hands, by the type of that one. */
const WAITS_FOR: Partial<Record<PushType, PushType>> = { incoming_call: 'call_cancelled', call_cancelled: 'missed_call' };

/**
 * `$1`, `$2`: call and target of each push that is out of a notifier's hands, `$3`: what waited for it. A missed call that is younger than
 * its own delay has not been asked for yet.
 */
export const RELEASE_WAITING = {
  name: 'release_waiting',
  text: `UPDATE pushes SET attempt = attempt + 1, due_at = clock_timestamp() + ${lookAgainAfter('call_id')}
    WHERE id IN (SELECT next.id FROM unnest($1::text[], $2::uuid[], $3::text[]) AS done (call_id, target_id, waiting)
      JOIN pushes next ON next.call_id = done.call_id AND next.target_id = done.target_id
      WHERE next.type = done.waiting AND next.status = 'queued' AND next.claimed_until IS NULL
        AND (next.type <> 'missed_call' OR next.created_at < clock_timestamp() - ${MISSED_CALL_AFTER_MS} * interval '1 millisecond')
      ORDER BY next.id FOR UPDATE OF next)
    RETURNING id, attempt, call_id AS "callId", bulk_id AS "bulkId", 0::float8 AS "delayMs"`,
};

interface RecordedResult extends QueuedPush {
  notificationId: string;
  provider: string | null;
  platform: string | null;
  error: string | null;
  /** The provider knows no such target. */
  isGone: boolean;
  at: number;
  type: PushType;
  userId: string;
  targetId: string;
  status: 'accepted' | 'failed' | 'expired' | 'queued' | 'dropped';
  targetGone: boolean;
}

const failedPush = (result: RecordedResult): WebhookDraft[] => {
  const { status, notificationId, id: pushId, userId, type, callId, bulkId, provider, platform, error, isGone, at } = result;
  if (status !== 'failed' && status !== 'expired') return [];
  const about = { notificationId, pushId, userId, type, callId, bulkId, provider, platform };
  return [pushDraft({ ...about, outcome: status, error, targetGone: isGone }, at)];
};

/** What follows from results, once they are committed. */
export interface Aftermath {
  /** Pushes to be enqueued: those to be tried again, the stops that waited for their rings, and the missed calls that waited for their stops. */
  again: QueuedPush[];
  /** Calls that a push has rung. */
  rung: string[];
  /** Users who have lost a target. */
  unreached: string[];
}

const releaseWaiting = async (transaction: Transaction, recorded: readonly RecordedResult[]): Promise<QueuedPush[]> => {
  const done = recorded.flatMap(({ type, status, callId, targetId }) => {
    const waiting = status === 'queued' ? undefined : WAITS_FOR[type];
    return waiting === undefined ? [] : [{ callId, targetId, waiting }];
  });
  if (done.length === 0) return [];
  return transaction.query<QueuedPush>(RELEASE_WAITING, [
    done.map(({ callId }) => callId),
    done.map(({ targetId }) => targetId),
    done.map(({ waiting }) => waiting),
  ]);
};

/** Writes down what became of pushes, in the trace of their calls too, and removes targets that are gone. */
export const recordResults = async (
  transaction: Transaction,
  results: readonly PushResult[],
  webhooks: Pick<Webhooks, 'store'> | null,
): Promise<Aftermath> => {
  const recorded = await transaction.query<RecordedResult>(RECORD_RESULTS, [JSON.stringify(results)]);
  const released = await releaseWaiting(transaction, recorded);
  webhooks?.store(transaction, recorded.flatMap(failedPush));
  const isRung = ({ type, status }: RecordedResult): boolean => type === 'incoming_call' && status === 'accepted';
  return {
    again: [...recorded.filter(({ status }) => status === 'queued'), ...released],
    rung: [...new Set(recorded.filter(isRung).flatMap(({ callId }) => callId ?? []))],
    unreached: [...new Set(recorded.filter(({ targetGone }) => targetGone).map(({ userId }) => userId))],
  };
};
