import type { Statement, Transaction } from '../database/database.ts';
import { type KnownPublished, type OutboxRow, putInOutbox, type Unpublished } from '../outbox/outbox.ts';
import { INSERT_AUDIT } from '../server-api/audit.ts';
import { changingPartOf, insertCalls, type StoredCall, updateCalls } from './call-columns.ts';
import type { CallRecord } from './call-record.ts';
import { type CallLimits, nextDeadline } from './deadlines.ts';
import { type Outcome, ringsByPush } from './world.ts';

const insertTraces = (
  json: string,
): string => `INSERT INTO call_trace (call_id, at, kind, user_id, device_id, session_id, command_id, detail)
    SELECT r."callId", to_timestamp(r.at / 1000), r.kind, r."userId", r."deviceId", r."sessionId", r."commandId", nullif(r.detail, 'null')
    FROM json_to_recordset(${json}::json)
    AS r ("callId" text, at float8, kind text, "userId" text, "deviceId" text, "sessionId" text, "commandId" text, detail jsonb)`;

/** What a batch may write, each from a JSON array: calls that are new, the changing parts of others, lines of traces. */
const WRITES = { placed: insertCalls, changed: updateCalls, traced: insertTraces };
type Write = keyof typeof WRITES;

/** Several writes as one statement, which costs half of three; one that has nothing to write costs all the same, so it is left out. */
export const storeStatement = (writes: readonly Write[]): Statement => {
  const texts = writes.map((write, index) => WRITES[write](`$${index + 1}`));
  const last = texts.pop();
  const before = texts.map((text, index) => `${writes[index]} AS (${text})`).join(', ');
  return { name: `store_${writes.join('_')}`, text: before === '' ? `${last}` : `WITH ${before} ${last}` };
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

const statements = new Map<string, Statement>();

const statementFor = (writes: readonly Write[]): Statement => {
  const key = writes.join();
  const statement = statements.get(key) ?? storeStatement(writes);
  statements.set(key, statement);
  return statement;
};

const writeAll = (transaction: Transaction, lists: Readonly<Record<Write, readonly object[]>>): void => {
  const writes = Object.keys(WRITES) as Write[];
  const wanted = writes.filter((write) => lists[write].length > 0);
  if (wanted.length === 0) return;
  transaction.send(
    statementFor(wanted),
    wanted.map((write) => JSON.stringify(lists[write])),
  );
};

/** Sends all that a batch changed, set-based, without waiting: the commit travels right behind. */
export const store = (transaction: Transaction, outcome: Outcome, limits: CallLimits, published: KnownPublished): Unpublished => {
  const rows = outboxRows(outcome);
  const { inserted, updated, traces, audit } = outcome;
  writeAll(transaction, {
    placed: storedCalls(inserted, outcome, limits),
    changed: storedCalls(updated, outcome, limits).map(changingPartOf),
    traced: traces,
  });
  if (audit.length > 0) transaction.send(INSERT_AUDIT, [JSON.stringify(audit)]);
  keepAnswers(transaction, outcome);
  return putInOutbox(transaction, rows, published);
};
