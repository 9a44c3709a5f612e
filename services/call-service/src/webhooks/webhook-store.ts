import type { Database, Transaction } from '../database/database.ts';
import { inSteps } from '../database/in-steps.ts';
import type { WebhookDraft } from './webhook-draft.ts';

/** A stream that comes again begins anywhere: what a process held of it long ago is not taken for its own. */
export const FIRST_CLAIM = 'floor(random() * 1000000000)::integer';

/** Locks the streams, in order, until the commit: so their webhooks are numbered as they happen, and nobody takes a stream for done. */
const ENTER_STREAMS = {
  name: 'enter_webhook_streams',
  text: `INSERT INTO webhook_streams (stream, claim) SELECT stream, ${FIRST_CLAIM} FROM unnest($1::text[]) AS given (stream) GROUP BY stream ORDER BY stream
    ON CONFLICT (stream) DO UPDATE SET claim = webhook_streams.claim`,
};
const INSERT_WEBHOOKS = {
  name: 'insert_webhooks',
  text: `INSERT INTO webhooks (stream, type, body)
    SELECT stream, type, body FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS given (stream, type, body, place) ORDER BY place`,
};

/** `$1` how many, `$2` for how long, in milliseconds. */
export const CLAIM_STREAMS = {
  name: 'claim_webhook_streams',
  text: `WITH due AS MATERIALIZED (
      SELECT stream FROM webhook_streams WHERE due_at <= statement_timestamp() ORDER BY due_at LIMIT $1::integer FOR UPDATE SKIP LOCKED
    )
    UPDATE webhook_streams s SET claim = claim + 1, due_at = clock_timestamp() + $2::float8 * interval '1 millisecond',
      claimed_until = clock_timestamp() + $2::float8 * interval '1 millisecond'
    FROM due WHERE s.stream = due.stream RETURNING s.stream, s.claim`,
};
/** After the claim, by a look of its own: the claim's may be from before the last sending was noted. */
export const READ_FIRST = {
  name: 'read_first_webhooks',
  text: `SELECT c.stream, c.claim, w.seq::text, w.id, w.type, w.body, w.attempts FROM unnest($1::text[], $2::integer[]) AS c (stream, claim)
    LEFT JOIN LATERAL (SELECT * FROM webhooks w WHERE w.stream = c.stream AND w.status = 'waiting' ORDER BY w.seq LIMIT 1) AS w ON true`,
};

const LOCK_STREAMS = {
  name: 'lock_webhook_streams',
  text: 'SELECT FROM webhook_streams WHERE stream = ANY ($1::text[]) ORDER BY stream FOR UPDATE',
};
const RESULTS = `json_to_recordset($1::json)
  AS r (stream text, claim integer, seq bigint, status text, attempts integer, error text, "delayMs" float8)`;
/** Of a stream that was claimed again, or is to be replayed, only the last sending counts. */
export const NOTE_RESULTS = {
  name: 'note_webhook_results',
  text: `UPDATE webhooks w SET status = r.status, attempts = r.attempts, error = r.error,
      done_at = CASE WHEN r.status <> 'waiting' THEN clock_timestamp() END
    FROM ${RESULTS} JOIN webhook_streams s ON s.stream = r.stream AND s.claim = r.claim WHERE w.seq = r.seq AND w.status = 'waiting'`,
};
export const RELEASE_STREAMS = {
  name: 'release_webhook_streams',
  text: `UPDATE webhook_streams s SET due_at = clock_timestamp() + r."delayMs" * interval '1 millisecond', claimed_until = NULL
    FROM ${RESULTS} WHERE s.stream = r.stream AND s.claim = r.claim`,
};
export const LEAVE_STREAMS = {
  name: 'leave_webhook_streams',
  text: `DELETE FROM webhook_streams s WHERE s.stream = ANY ($1::text[])
    AND NOT coalesce((SELECT true FROM webhooks w WHERE w.stream = s.stream AND w.status = 'waiting' LIMIT 1), false)`,
};

const STEP = 5000;
/** `$1`: hours. */
export const FORGET_WEBHOOKS = {
  name: 'forget_webhooks',
  text: `DELETE FROM webhooks WHERE seq IN (SELECT seq FROM webhooks
    WHERE created_at < statement_timestamp() - make_interval(hours => $1::integer) AND status <> 'waiting' ORDER BY created_at LIMIT ${STEP}) RETURNING seq`,
};

/** A webhook that is to be sent now. */
export interface ClaimedWebhook {
  stream: string;
  claim: number;
  /** A bigint, as text. */
  seq: string;
  id: string;
  type: string;
  body: string;
  /** How often it was sent before. */
  attempts: number;
}

/** What became of a sending, or of a stream that had nothing to send (`seq` null). */
export interface WebhookResult {
  stream: string;
  claim: number;
  seq: string | null;
  status: 'waiting' | 'delivered' | 'dead';
  attempts: number;
  error: string | null;
  /** When the stream goes on. */
  delayMs: number;
}

const bodyOf = ({ type, at, data }: WebhookDraft): string => JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });

/** Stores what is to be told with what it tells of, without waiting: the commit travels right behind. */
export const storeWebhooks = (transaction: Transaction, drafts: readonly WebhookDraft[]): void => {
  if (drafts.length === 0) return;
  const streams = drafts.map(({ stream }) => stream);
  transaction.send(ENTER_STREAMS, [streams]);
  transaction.send(INSERT_WEBHOOKS, [streams, drafts.map(({ type }) => type), drafts.map(bodyOf)]);
};

/** Takes streams that are due, each with its first webhook; null where it has none. */
export const claimWebhooks = (
  database: Database,
  count: number,
  forMs: number,
): Promise<(ClaimedWebhook | Pick<WebhookResult, 'stream' | 'claim'>)[]> =>
  database.transaction(async (transaction) => {
    const claimed = await transaction.query<{ stream: string; claim: number }>(CLAIM_STREAMS, [count, forMs]);
    if (claimed.length === 0) return [];
    return transaction.query<ClaimedWebhook>(READ_FIRST, [claimed.map(({ stream }) => stream), claimed.map(({ claim }) => claim)]);
  });

export const noteWebhooks = (database: Database, results: readonly WebhookResult[]): Promise<void> =>
  database.transaction(async (transaction) => {
    const streams = results.map(({ stream }) => stream);
    const given = JSON.stringify(results);
    transaction.send(LOCK_STREAMS, [streams]);
    transaction.send(NOTE_RESULTS, [given]);
    transaction.send(RELEASE_STREAMS, [given]);
    transaction.send(LEAVE_STREAMS, [streams]);
  });

/** Forgets what was told so long ago: until then it can be told again. */
export const forgetWebhooks = (database: Database, keepHours: number, stopping: AbortSignal): Promise<void> =>
  inSteps(database, FORGET_WEBHOOKS, STEP, [keepHours], stopping);
