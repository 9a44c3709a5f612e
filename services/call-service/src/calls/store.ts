import type { Transaction } from '../database/database.ts';
import { type KnownPublished, type OutboxRow, putInOutbox, type Unpublished } from '../outbox/outbox.ts';
import { INSERT_AUDIT } from '../server-api/audit.ts';
import { changingPartOf, insertCalls, type StoredCall, updateCalls } from './call-columns.ts';
import type { CallRecord } from './call-record.ts';
import { type CallLimits, nextDeadline } from './deadlines.ts';
import { type Outcome, ringsByPush } from './world.ts';

/** `$1`: calls that are new, `$2`: the changing parts of others, `$3`: lines of traces; JSON arrays. One statement costs half of three. */
export const STORE_CALLS = {
  name: 'store_calls',
  text: `WITH placed AS (${insertCalls('$1')}), changed AS (${updateCalls('$2')})
    INSERT INTO call_trace (call_id, at, kind, user_id, device_id, session_id, command_id, detail)
    SELECT r."callId", to_timestamp(r.at / 1000), r.kind, r."userId", r."deviceId", r."sessionId", r."commandId", nullif(r.detail, 'null')
    FROM json_to_recordset($3::json)
    AS r ("callId" text, at float8, kind text, "userId" text, "deviceId" text, "sessionId" text, "commandId" text, detail jsonb)`,
};
const KEEP_ANSWERS = {
  name: 'keep_answers',
  text: `INSERT INTO answers (key, body_hash, reply) SELECT key, body_hash, reply::jsonb
    FROM unnest($1::text[], $2::text[], $3::text[]) AS kept (key, body_hash, reply) ORDER BY key
    ON CONFLICT (key) DO UPDATE SET reply = excluded.reply`,
};

const storedCalls = (calls: ReadonlySet<CallRecord>, { reach }: Outcome, limits: CallLimits): StoredCall[] =>
  [...calls].map((call) => ({ ...call, dueAt: nextDeadline(call, limits, ringsByPush(call, reach))?.at ?? null }));

const outboxRows = ({ events }: Outcome): OutboxRow[] => {
  const at = performance.now();
  return events.map((event) => ({
    stream: event.call.id,
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

/** Sends all that a batch changed, set-based, without waiting: the commit travels right behind. */
export const store = (transaction: Transaction, outcome: Outcome, limits: CallLimits, published: KnownPublished): Unpublished => {
  const rows = outboxRows(outcome);
  const { inserted, updated, traces, audit } = outcome;
  if (inserted.size + updated.size + traces.length > 0) {
    const changed = storedCalls(updated, outcome, limits).map(changingPartOf);
    transaction.send(
      STORE_CALLS,
      [storedCalls(inserted, outcome, limits), changed, traces].map((list) => JSON.stringify(list)),
    );
  }
  if (audit.length > 0) transaction.send(INSERT_AUDIT, [JSON.stringify(audit)]);
  keepAnswers(transaction, outcome);
  return putInOutbox(transaction, rows, published);
};
