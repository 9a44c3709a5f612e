import { type ClaimedPush, type PushAddress, PushLanguage } from '@trunkline/contract';
import type { Database, Transaction } from '../database/database.ts';
import type { Webhooks } from '../webhooks/start-webhooks.ts';
import { tellExpired } from './expired-pushes.ts';

/** A notifier that says nothing for this long is taken for dead: a ring cannot wait long, a chunk of many takes its time. */
const CLAIM_FOR = `CASE WHEN p.type IN ('incoming_call', 'call_cancelled') THEN interval '20 seconds' ELSE interval '60 seconds' END`;

/** A stop waits for its ring, which is soon over; a missed call for its stop, which may wait for a provider that is down. */
const WAIT_FOR = `CASE p.type WHEN 'missed_call' THEN interval '5 seconds' * power(2, least(p.attempt, 5)) ELSE interval '1 second' END`;

/** With its LIMIT it is looked up for each row; a plain EXISTS may be hashed, which reads the whole table. */
const exists = (rows: string): string => `coalesce((SELECT true FROM ${rows} LIMIT 1), false)`;

const IS_RINGING = exists(`calls c WHERE c.id = a.call_id AND c.state IN ('INITIATING', 'RINGING')
  AND c.ring_deadline_at > clock_timestamp()`);

const IS_ONLY_TARGET = `NOT ${exists('push_targets other WHERE other.user_id = t.user_id AND other.id <> t.id')}`;

const HAS_ACKNOWLEDGED = exists(`call_trace k WHERE k.call_id = a.call_id AND k.kind = 'ring_acknowledged'`);

/** A device without a name is taken for the only target's. */
const DEVICE_HAS_ACKNOWLEDGED = exists(`call_trace k WHERE k.call_id = a.call_id AND k.kind = 'ring_acknowledged'
  AND (k.device_id = t.device_id OR (k.device_id IS NULL OR t.device_id IS NULL) AND ${IS_ONLY_TARGET})`);

/** The ring of this very target may be on its way: a stop that overtook it would be followed by the ring. */
const RING_IS_UNDER_WAY = exists(`pushes ring WHERE ring.call_id = a.call_id AND ring.target_id = a.target_id
  AND ring.type = 'incoming_call' AND ring.claimed_until > clock_timestamp()`);

/** A missed call that overtook the stop of its ring would be taken away by it. */
const STOP_IS_TO_COME = exists(`pushes stop WHERE stop.call_id = a.call_id AND stop.target_id = a.target_id
  AND stop.type = 'call_cancelled' AND stop.status = 'queued'`);

const NOTHING_IS_UNREAD = exists(`chat_members m WHERE m.chat_id = (a.content->>'chatId')::uuid AND m.user_id = a.user_id
  AND m.unread_count = 0`);

/** It may have been tried before: also by a worker that died over it. */
const IS_REPEATED = 'a.call_id IS NULL AND (a.attempt > 1 OR a.claimed_attempt IS NOT NULL)';

/** A newer one of its key is shown, or about to be: it would take that one's place. Processes' clocks may differ, so the database's counts too. */
const IS_SUPERSEDED = exists(`pushes newer WHERE newer.user_id = a.user_id AND newer.notification_id > a.notification_id
  AND newer.created_at >= a.created_at AND newer.target_id = a.target_id AND newer.collapse_key = a.collapse_key
  AND (newer.status = 'accepted' OR newer.status = 'queued' AND (newer.claimed_until > clock_timestamp() OR newer.id = ANY ($1::uuid[])))`);

/**
 * `$1`, `$2`: ids and attempts. The same attempt may claim twice: its worker died, and its job runs again. What is dropped
 * leaves a line in the trace of its call.
 */
export const CLAIM_PUSHES = {
  name: 'claim_pushes',
  text: `WITH asked AS MATERIALIZED (
      SELECT p.*, asked.attempt AS asked_attempt FROM unnest($1::uuid[], $2::integer[]) AS asked (id, attempt)
      JOIN pushes p ON p.id = asked.id ORDER BY p.id FOR UPDATE OF p
    ), judged AS MATERIALIZED (
      SELECT a.*, t.revision, t.device_id, CASE
        WHEN a.status <> 'queued' THEN 'done'
        WHEN a.expires_at <= clock_timestamp() THEN 'expired'
        WHEN t.id IS NULL THEN 'target_gone'
        WHEN a.type = 'chat_message' AND ${NOTHING_IS_UNREAD} THEN 'nothing_unread'
        WHEN ${IS_REPEATED} AND ${IS_SUPERSEDED} THEN 'superseded'
        WHEN a.type = 'incoming_call' AND NOT ${IS_RINGING} THEN 'call_over'
        WHEN a.send_unless = 'acknowledged' AND ${HAS_ACKNOWLEDGED} THEN 'acknowledged'
        WHEN a.send_unless = 'device_acknowledged' AND ${DEVICE_HAS_ACKNOWLEDGED} THEN 'acknowledged'
        WHEN a.type = 'call_cancelled' AND ${RING_IS_UNDER_WAY} THEN 'wait'
        WHEN a.type = 'missed_call' AND ${STOP_IS_TO_COME} THEN 'wait'
        ELSE 'send' END AS verdict
      FROM asked a LEFT JOIN push_targets t ON t.id = a.target_id
      WHERE a.claimed_attempt = a.asked_attempt
        OR a.status = 'queued' AND (a.claimed_until IS NULL OR a.claimed_until <= clock_timestamp())
    ), claimed AS (
      UPDATE pushes p SET
        status = CASE WHEN j.verdict IN ('done', 'send', 'wait') THEN p.status WHEN j.verdict = 'expired' THEN 'expired' ELSE 'dropped' END,
        error = CASE WHEN j.verdict IN ('done', 'send', 'wait') THEN p.error ELSE j.verdict END,
        done_at = CASE WHEN j.verdict IN ('done', 'send', 'wait') THEN p.done_at ELSE clock_timestamp() END,
        due_at = CASE j.verdict WHEN 'send' THEN clock_timestamp() + ${CLAIM_FOR} WHEN 'wait' THEN clock_timestamp() + ${WAIT_FOR} END,
        claimed_attempt = CASE j.verdict WHEN 'send' THEN j.asked_attempt END,
        claimed_until = CASE j.verdict WHEN 'send' THEN clock_timestamp() + ${CLAIM_FOR} END,
        target_revision = j.revision
      FROM judged j WHERE p.id = j.id
    ), traced AS (
      INSERT INTO call_trace (call_id, at, kind, user_id, device_id, detail)
      SELECT call_id, clock_timestamp(), 'push_dropped', user_id, device_id, jsonb_build_object('type', type, 'pushId', id, 'why', verdict)
      FROM judged WHERE call_id IS NOT NULL AND verdict NOT IN ('done', 'send', 'wait')
    )
    SELECT j.id, j.asked_attempt AS attempt, j.content, j.collapse_key AS "collapseKey",
      (extract(epoch FROM j.expires_at - clock_timestamp()) * 1000)::float8 AS "expiresInMs",
      t.provider, t.platform, t.kind, t.address, t.p256dh, t.auth, t.locale
    FROM judged j JOIN push_targets t ON t.id = j.target_id WHERE j.verdict = 'send'`,
};

interface ClaimRow extends Pick<ClaimedPush, 'id' | 'attempt' | 'content' | 'collapseKey' | 'expiresInMs'> {
  provider: PushAddress['provider'];
  platform: 'android' | 'ios' | 'web';
  kind: 'token' | 'fid';
  address: string;
  p256dh: string;
  auth: string;
  locale: string | null;
}

const addressOf = ({ provider, platform, kind, address, p256dh, auth }: ClaimRow): PushAddress =>
  provider === 'fcm' ? { provider, platform, kind, token: address } : { provider, endpoint: address, p256dh, auth };

const languageOf = (locale: string | null): PushLanguage => PushLanguage.catch('en').parse(locale?.slice(0, 2).toLowerCase());

/** Of these, what is still to be sent; what became needless meanwhile is dropped. */
export const claimPushes = async (
  database: Database,
  asked: readonly Pick<ClaimedPush, 'id' | 'attempt'>[],
  webhooks: Pick<Webhooks, 'store'> | null,
): Promise<ClaimedPush[]> => {
  const ids = asked.map(({ id }) => id);
  const values = [ids, asked.map(({ attempt }) => attempt)];
  const claimAndTell = async (transaction: Transaction, told: Pick<Webhooks, 'store'>): Promise<ClaimRow[]> => {
    const claimed = await transaction.query<ClaimRow>(CLAIM_PUSHES, values);
    await tellExpired(transaction, ids, told);
    return claimed;
  };
  const rows = await (webhooks === null
    ? database.query<ClaimRow>(CLAIM_PUSHES, values)
    : database.transaction((transaction) => claimAndTell(transaction, webhooks)));
  return rows.map((row) => ({
    id: row.id,
    attempt: row.attempt,
    address: addressOf(row),
    language: languageOf(row.locale),
    content: row.content,
    collapseKey: row.collapseKey,
    expiresInMs: row.expiresInMs,
  }));
};
