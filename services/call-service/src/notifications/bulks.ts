import { createHash } from 'node:crypto';
import { type PushContent, type Refusal, refusal, uuidv7 } from '@trunkline/contract';
import type { Database, Transaction } from '../database/database.ts';
import { inUtc } from '../server-api/list-query.ts';
import type { BulkBody } from './bulk-body.ts';
import type { Notify } from './notify-users.ts';
import type { QueuedPush } from './queue-pushes.ts';

const CREATE = {
  name: 'create_bulk',
  text: `WITH made AS (
      INSERT INTO bulks (id, dedupe_key, body_hash, content, user_ids, send_at)
      VALUES ($1, $2, $3, $4::jsonb, $5::text[], coalesce($6::timestamptz, clock_timestamp())) ON CONFLICT (dedupe_key) DO NOTHING RETURNING id
    ), audited AS (
      INSERT INTO server_audit (action, key_name, detail)
      SELECT 'create_notification', $7, jsonb_build_object('id', id, 'type', $4::jsonb->>'type') FROM made
    )
    SELECT id FROM made`,
};
const READ_BY_DEDUPE_KEY = { name: 'read_bulk_by_dedupe_key', text: 'SELECT id, body_hash FROM bulks WHERE dedupe_key = $1' };
export const CLAIM_BULK = {
  name: 'claim_bulk',
  text: `SELECT id, content, user_ids[taken + 1 : taken + $1::integer] AS listed, coalesce(last_user_id, '') AS "lastUserId"
    FROM bulks WHERE expanded_at IS NULL AND send_at <= statement_timestamp() ORDER BY send_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
};
export const READ_NEXT_TARGETED = {
  name: 'read_next_targeted_users',
  text: 'SELECT DISTINCT user_id AS "userId" FROM push_targets WHERE user_id > $1 ORDER BY user_id LIMIT $2::integer',
};
const ADVANCE = {
  name: 'advance_bulk',
  text: `UPDATE bulks SET taken = taken + $2::integer, last_user_id = $3, expanded_at = CASE WHEN $4::boolean THEN clock_timestamp() END
    WHERE id = $1`,
};
const READ_PROGRESS = {
  name: 'read_bulk_progress',
  text: `SELECT b.id, b.content->>'type' AS type, CASE WHEN b.expanded_at IS NULL THEN cardinality(b.user_ids) ELSE b.taken END AS users,
      b.taken AS "usersTaken", b.expanded_at IS NOT NULL AS "isExpanded", b.send_at AS "sendAt", b.created_at AS "createdAt",
      count(*) FILTER (WHERE p.status = 'queued')::integer AS queued, count(*) FILTER (WHERE p.status = 'accepted')::integer AS accepted,
      count(*) FILTER (WHERE p.status = 'failed')::integer AS failed, count(*) FILTER (WHERE p.status = 'expired')::integer AS expired,
      count(*) FILTER (WHERE p.status = 'dropped')::integer AS dropped
    FROM bulks b LEFT JOIN pushes p ON p.bulk_id = b.id WHERE b.id = $1 GROUP BY b.id`,
};

const CHUNK = 500;
const LIVES_MS = 86_400_000;

export interface BulkProgress {
  id: string;
  type: string;
  status: 'waiting' | 'sending' | 'done';
  /** Null: everybody, and nobody has counted them yet. */
  users: number | null;
  queued: number;
  accepted: number;
  failed: number;
  expired: number;
  /** Not sent, since it had become needless: its target went while it waited. */
  dropped: number;
  sendAt: Date;
  createdAt: Date;
}

export interface Bulks {
  /** Takes it in; the pushes are made behind that. The same dedupe key again names the first one. */
  create(bulk: BulkBody, keyName: string): Promise<{ id: string; duplicate: boolean } | Refusal>;
  progress(id: string): Promise<BulkProgress | null>;
  /** Makes the pushes of what is due, chunk by chunk, until nothing is left that another replica does not work on, or it is to stop. */
  expand(stopping: AbortSignal): Promise<void>;
}

export interface BulksOptions {
  database: Database;
  notify: Notify;
  enqueue(pushes: readonly QueuedPush[]): void;
}

interface ClaimedBulk {
  id: string;
  content: PushContent;
  listed: string[] | null;
  lastUserId: string;
}

interface ProgressRow extends Omit<BulkProgress, 'status'> {
  usersTaken: number;
  isExpanded: boolean;
}

const statusOf = ({ isExpanded, usersTaken, queued, sendAt }: ProgressRow): BulkProgress['status'] => {
  if (isExpanded && queued === 0) return 'done';
  return usersTaken === 0 && sendAt.getTime() > Date.now() ? 'waiting' : 'sending';
};

const nextUsers = async (transaction: Transaction, { listed, lastUserId }: ClaimedBulk): Promise<string[]> =>
  listed ?? (await transaction.query<{ userId: string }>(READ_NEXT_TARGETED, [lastUserId, CHUNK])).map(({ userId }) => userId);

/** What the app's backend sends to many. */
export const createBulks = ({ database, notify, enqueue }: BulksOptions): Bulks => {
  /** One chunk in one transaction, with the mark of how far it came: however often it is broken off, each target gets one push. */
  const expandChunk = (): Promise<QueuedPush[] | null> =>
    database.transaction(async (transaction) => {
      const [bulk] = await transaction.query<ClaimedBulk>(CLAIM_BULK, [CHUNK]);
      if (bulk === undefined) return null;
      const userIds = await nextUsers(transaction, bulk);
      const notice = { userIds, content: bulk.content, collapseKey: bulk.id, livesMs: LIVES_MS, bulkId: bulk.id };
      const queued = await notify(transaction, [notice]);
      transaction.send(ADVANCE, [bulk.id, userIds.length, userIds.at(-1) ?? bulk.lastUserId, userIds.length < CHUNK]);
      return queued;
    });

  return {
    create: async ({ content, userIds, dedupeKey, sendAt }, keyName) => {
      const bodyHash = createHash('sha256')
        .update(JSON.stringify([content, userIds, sendAt]))
        .digest('base64url');
      const values = [uuidv7(), dedupeKey, bodyHash, JSON.stringify(content), userIds, sendAt === null ? null : inUtc(sendAt), keyName];
      const [created] = await database.query<{ id: string }>(CREATE, values);
      if (created !== undefined) return { id: created.id, duplicate: false };
      const [first] = await database.query<{ id: string; body_hash: string }>(READ_BY_DEDUPE_KEY, [dedupeKey]);
      if (first?.body_hash === bodyHash) return { id: first.id, duplicate: true };
      return refusal('conflict', { message: 'dedupeKey: came with another notification before' });
    },
    progress: async (id) => {
      const [row] = await database.query<ProgressRow>(READ_PROGRESS, [id]);
      if (row === undefined) return null;
      const { usersTaken: _, isExpanded: __, ...progress } = row;
      return { ...progress, status: statusOf(row) };
    },
    expand: async (stopping) => {
      while (!stopping.aborted) {
        const queued = await expandChunk();
        if (queued === null) return;
        enqueue(queued);
      }
    },
  };
};
