import type { CallEventType } from '@trunkline/contract';
import type { Transaction } from '../database/database.ts';
import { INSERT_CALLS, type StoredCall, UPDATE_CALLS } from './call-columns.ts';
import type { CallRecord } from './call-record.ts';
import { type CallLimits, nextDeadline } from './deadlines.ts';
import type { Outcome } from './world.ts';

const INSERT_TRACE = {
  name: 'insert_call_trace',
  text: `INSERT INTO call_trace (call_id, at, kind, user_id, device_id, session_id, command_id, detail)
    SELECT r."callId", to_timestamp(r.at / 1000), r.kind, r."userId", r."deviceId", r."sessionId", r."commandId", nullif(r.detail, 'null')
    FROM jsonb_to_recordset($1::jsonb)
    AS r ("callId" text, at float8, kind text, "userId" text, "deviceId" text, "sessionId" text, "commandId" text, detail jsonb)`,
};
const READ_UNPUBLISHED = {
  name: 'read_unpublished_of_calls',
  text: 'SELECT call_id, seq, recipients, event FROM outbox WHERE call_id = ANY ($1::text[]) ORDER BY call_id, seq',
};
const INSERT_OUTBOX = {
  name: 'insert_outbox',
  text: `INSERT INTO outbox (call_id, seq, recipients, event)
    SELECT r.call_id, r.seq, ARRAY(SELECT jsonb_array_elements_text(r.recipients)), r.event
    FROM jsonb_to_recordset($1::jsonb) AS r (call_id text, seq integer, recipients jsonb, event text)`,
};
const KEEP_ANSWERS = {
  name: 'keep_answers',
  text: `INSERT INTO answers (key, body_hash, reply) SELECT key, body_hash, reply::jsonb
    FROM unnest($1::text[], $2::text[], $3::text[]) AS kept (key, body_hash, reply) ORDER BY key
    ON CONFLICT (key) DO UPDATE SET reply = excluded.reply`,
};

/** An event on its way to Redis. */
export interface OutboxRow {
  call_id: string;
  seq: number;
  recipients: string[];
  /** A `ServerEvent` as JSON. */
  event: string;
  /** What was decided, and when by this process's monotonic clock; absent where the row was read from the table. */
  decided?: { type: CallEventType; at: number };
}

const toStore = (calls: ReadonlySet<CallRecord>, limits: CallLimits): string =>
  JSON.stringify([...calls].map((call): StoredCall => ({ ...call, dueAt: nextDeadline(call, limits)?.at ?? null })));

const outboxRows = ({ events }: Outcome): OutboxRow[] => {
  const at = performance.now();
  return events.map((event) => ({
    call_id: event.call.id,
    seq: event.call.seq,
    recipients: event.recipients,
    event: JSON.stringify(event),
    decided: { type: event.type, at },
  }));
};

const keepAnswers = (transaction: Transaction, { answers }: Outcome): void => {
  if (answers.size === 0) return;
  const entries = [...answers.entries()];
  transaction.send(KEEP_ANSWERS, [
    entries.map(([key]) => key),
    entries.map(([, answer]) => answer.bodyHash),
    entries.map(([, answer]) => JSON.stringify(answer.reply)),
  ]);
};

/** What is to be published, in sequence per call, once the transaction is committed. */
export interface Unpublished {
  /** Events of the same calls that are not known to be published yet; read before the commit, resolved by then. */
  earlier: Promise<OutboxRow[]>;
  rows: OutboxRow[];
}

/** Sends all that a batch changed, set-based, without waiting: the commit travels right behind. */
export const store = (transaction: Transaction, outcome: Outcome, limits: CallLimits): Unpublished => {
  const rows = outboxRows(outcome);
  if (outcome.inserted.size > 0) transaction.send(INSERT_CALLS, [toStore(outcome.inserted, limits)]);
  if (outcome.updated.size > 0) transaction.send(UPDATE_CALLS, [toStore(outcome.updated, limits)]);
  if (outcome.traces.length > 0) transaction.send(INSERT_TRACE, [JSON.stringify(outcome.traces)]);
  keepAnswers(transaction, outcome);
  if (rows.length === 0) return { earlier: Promise.resolve([]), rows };
  const known = [...new Set(rows.map(({ call_id }) => call_id))];
  const earlier = transaction.query<OutboxRow>(READ_UNPUBLISHED, [known]);
  transaction.send(INSERT_OUTBOX, [JSON.stringify(rows)]);
  return { earlier, rows };
};
