import { CallId, storableText } from '@trunkline/contract';
import { z } from 'zod';
import { readCall } from '../calls/call-reader.ts';
import type { Database, Statement } from '../database/database.ts';
import { wholeNumber } from '../http/whole-number.ts';
import { Moment, where } from './list-query.ts';

const MAX_LIMIT = 200;

export const AuditQuery = z.object({
  key: storableText(64).optional(),
  action: storableText(80).optional(),
  userId: storableText(128).optional(),
  callId: storableText(64).optional(),
  chatId: z.uuid().optional(),
  since: Moment.optional(),
  until: Moment.optional(),
  limit: wholeNumber(MAX_LIMIT).default(50),
  /** The id of the last row of the page before. */
  cursor: z
    .string()
    .regex(/^\d{1,18}$/, 'is not one that was given')
    .optional(),
});
export type AuditQuery = z.output<typeof AuditQuery>;

const FILTERS = {
  key: 'key_name = ?',
  action: 'action = ?',
  userId: 'user_id = ?',
  chatId: 'chat_id = ?::uuid',
} as const;

/** A call has few rows, which are gathered first, and sorted. */
const OF_CALL = '(SELECT * FROM server_audit WHERE call_id = ANY ($1::text[]) OFFSET 0) AS server_audit';

/** Anything else walks an index in its order, no further than the page goes: what would be gathered and sorted has no bound. */
export const WALK_IN_ORDER = {
  name: 'walk_in_order',
  text: `SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true)`,
};

/** How far rows may be out of their order in time, whose ids grow with it: writes overlap, and a clock is set. */
const OUT_OF_ORDER = `interval '1 minute'`;

/** The id of the first row from a moment on, and behind the last where there is none: found by halving, with a look at each middle. */
const firstIdFrom = (moment: string): string => `(WITH RECURSIVE halved (low, high) AS (
        SELECT 0::bigint, (SELECT coalesce(max(id), 0) + 1 FROM server_audit)
        UNION ALL SELECT coalesce(earlier, low), CASE WHEN earlier IS NULL THEN (low + high) / 2 ELSE high END
        FROM halved, LATERAL (SELECT (
          SELECT CASE WHEN a.id < high AND a.at < ${moment} THEN a.id END FROM server_audit a WHERE a.id >= (low + high) / 2 ORDER BY a.id LIMIT 1
        ) AS earlier) AS middle WHERE high - low > 1
      ) SELECT min(high) FROM halved)`;

/** `newer` and `older`: how the rows on either side of an id are told. */
const spanConditions = (newer: (id: string) => string, older: (id: string) => string) => ({
  since: `${newer(firstIdFrom(`?::timestamptz - ${OUT_OF_ORDER}`))} AND at >= ?::timestamptz`,
  until: `${older(firstIdFrom(`?::timestamptz + ${OUT_OF_ORDER}`))} AND at < ?::timestamptz`,
  cursor: older('?::bigint'),
});

const ORDERS = {
  /** By the primary key. */
  ofAll: {
    by: 'server_audit.id DESC',
    ...spanConditions(
      (id) => `id >= ${id}`,
      (id) => `id < ${id}`,
    ),
  },
  /** By a filter's own index: the primary key has no such order, so no plan walks it through everything that does not match. */
  ofFilter: {
    by: '-server_audit.id',
    ...spanConditions(
      (id) => `-id <= -${id}`,
      (id) => `-id > -${id}`,
    ),
  },
};

export interface AuditItem {
  id: string;
  at: Date;
  key: string | null;
  action: string;
  callId: string | null;
  chatId: string | null;
  userId: string | null;
  detail: Readonly<Record<string, unknown>> | null;
}

/** Its own, and its callee's own for it: under that one, earlier versions filed what they refused. */
const idsOfCall = async (database: Database, asked: string): Promise<string[]> => {
  const callId = CallId.safeParse(asked).data;
  const call = callId === undefined ? null : await readCall(database, callId);
  return call === null ? [asked] : [call.id, call.calleeAlias].filter((id) => id !== null);
};

type Asked = Omit<AuditQuery, 'limit' | 'callId'> & { callId?: readonly string[] | undefined };

/** The statement for a page, and its values. */
export const auditPage = ({ callId, ...asked }: Asked, rows: number): [Statement, unknown[]] => {
  const ofCall = callId === undefined ? [] : [callId];
  const isFiltered = ofCall.length > 0 || Object.keys(FILTERS).some((filter) => asked[filter as keyof typeof FILTERS] !== undefined);
  const { by, ...span } = isFiltered ? ORDERS.ofFilter : ORDERS.ofAll;
  const { text, values, name } = where({ ...FILTERS, ...span }, asked, 1 + ofCall.length);
  const all = [...ofCall, ...values, rows];
  const statement = {
    name: `read_audit_${ofCall.length > 0 ? 'of_call_' : ''}${name}`,
    text: `SELECT id::text, at, key_name AS key, action, call_id AS "callId", chat_id AS "chatId", user_id AS "userId", detail
      FROM ${ofCall.length > 0 ? OF_CALL : 'server_audit'} WHERE ${text} ORDER BY ${by} LIMIT $${all.length}::integer`,
  };
  return [statement, all];
};

/** What was done with server keys, newest first. */
export const readAudit = async (
  database: Database,
  { limit, callId, ...asked }: AuditQuery,
): Promise<{ items: AuditItem[]; nextCursor: string | null }> => {
  const callIds = callId === undefined ? undefined : await idsOfCall(database, callId);
  const rows = await database.transaction((transaction) => {
    transaction.send(WALK_IN_ORDER, []);
    return transaction.query<AuditItem>(...auditPage({ ...asked, callId: callIds }, limit + 1));
  });
  const items = rows.slice(0, limit);
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
};
