import type { CallRecord } from './call-record.ts';

interface Column {
  column: string;
  type: 'text' | 'integer' | 'boolean' | 'time';
  /** Set when the call is placed, and never again. */
  fixed?: true;
}

const COLUMNS: Readonly<Record<keyof CallRecord, Column>> = {
  id: { column: 'id', type: 'text', fixed: true },
  callerId: { column: 'caller_id', type: 'text', fixed: true },
  callerName: { column: 'caller_name', type: 'text', fixed: true },
  callerAvatar: { column: 'caller_avatar', type: 'text', fixed: true },
  calleeId: { column: 'callee_id', type: 'text', fixed: true },
  calleeAlias: { column: 'callee_alias', type: 'text' },
  callType: { column: 'call_type', type: 'text' },
  channelId: { column: 'channel_id', type: 'text', fixed: true },
  state: { column: 'state', type: 'text' },
  seq: { column: 'seq', type: 'integer' },
  reason: { column: 'reason', type: 'text' },
  reasonText: { column: 'reason_text', type: 'text' },
  endedBy: { column: 'ended_by', type: 'text' },
  answeredByDevice: { column: 'answered_by_device', type: 'text' },
  answeredBySession: { column: 'answered_by_session', type: 'text' },
  ringTimeoutSeconds: { column: 'ring_timeout_seconds', type: 'integer', fixed: true },
  createdAt: { column: 'created_at', type: 'time', fixed: true },
  updatedAt: { column: 'updated_at', type: 'time' },
  ringDeadlineAt: { column: 'ring_deadline_at', type: 'time', fixed: true },
  reachedAt: { column: 'reached_at', type: 'time' },
  acceptedAt: { column: 'accepted_at', type: 'time' },
  connectedAt: { column: 'connected_at', type: 'time' },
  endedAt: { column: 'ended_at', type: 'time' },
  callerAbsentAt: { column: 'caller_absent_at', type: 'time' },
  calleeAbsentAt: { column: 'callee_absent_at', type: 'time' },
  hiddenFromCallee: { column: 'hidden_from_callee', type: 'boolean', fixed: true },
  unreachableSince: { column: 'unreachable_since', type: 'time' },
};

/** A record as it is written: the deadline is derived from the rest, and stored so that the sweeper finds it. */
export type StoredCall = CallRecord & { dueAt: number | null };

const DUE: readonly [string, Column] = ['dueAt', { column: 'due_at', type: 'time' }];
const ALL: readonly (readonly [string, Column])[] = Object.entries(COLUMNS);
const CHANGING = [...ALL.filter(([, column]) => column.fixed !== true), DUE];

const RECORD_TYPES = { text: 'text', integer: 'integer', boolean: 'boolean', time: 'float8' } as const;

const recordDefinition = (columns: typeof ALL): string => columns.map(([key, { type }]) => `"${key}" ${RECORD_TYPES[type]}`).join(', ');
const fromRecord = ([key, { type }]: readonly [string, Column]): string =>
  type === 'time' ? `to_timestamp(r."${key}" / 1000)` : `r."${key}"`;

/** The columns of `calls c` as the keys of a `CallRecord`; times as epoch milliseconds. */
export const CALL_COLUMNS = ALL.map(([key, { column, type }]) =>
  // Not `extract`, which calculates in numeric.
  type === 'time' ? `round(date_part('epoch', c.${column}) * 1000) AS "${key}"` : `c.${column} AS "${key}"`,
).join(', ');

const WRITTEN = [...ALL, DUE];

// `json`, not `jsonb`: the array is read once, and a tree of it built first costs more than all else in the statement.

/** Inserts the `StoredCall`s of a JSON array. */
export const insertCalls = (json: string): string => `INSERT INTO calls (${WRITTEN.map(([, { column }]) => column).join(', ')})
    SELECT ${WRITTEN.map(fromRecord).join(', ')} FROM json_to_recordset(${json}::json) AS r (${recordDefinition(WRITTEN)}) ORDER BY r.id`;

const ID: readonly [string, Column] = ['id', COLUMNS.id];

const UPDATED = [ID, ...CHANGING];

/** Of a stored call, what `updateCalls` reads. */
export const changingPartOf = (call: StoredCall): object =>
  Object.fromEntries(UPDATED.map(([key]) => [key, call[key as keyof StoredCall]]));

/** Takes a JSON array of the changing parts of `StoredCall`s; only what may change is written. */
export const updateCalls = (
  json: string,
): string => `UPDATE calls c SET ${CHANGING.map((entry) => `${entry[1].column} = ${fromRecord(entry)}`).join(', ')}
    FROM json_to_recordset(${json}::json) AS r (${recordDefinition(UPDATED)}) WHERE c.id = r.id`;
