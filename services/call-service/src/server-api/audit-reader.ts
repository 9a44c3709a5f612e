import { CallId, storableText } from '@trunkline/contract';
import { z } from 'zod';
import { readCall } from '../calls/call-reader.ts';
import type { Database } from '../database/database.ts';
import { limitOf, Moment, where } from './list-query.ts';

const MAX_LIMIT = 200;

export const AuditQuery = z.object({
  key: storableText(64).optional(),
  action: storableText(80).optional(),
  userId: storableText(128).optional(),
  callId: storableText(64).optional(),
  chatId: z.uuid().optional(),
  since: Moment.optional(),
  until: Moment.optional(),
  limit: limitOf(MAX_LIMIT, 50),
  /** The id of the last row of the page before. */
  cursor: z
    .string()
    .regex(/^\d{1,18}$/, 'is not one that was given')
    .optional(),
});
export type AuditQuery = z.output<typeof AuditQuery>;

const CONDITIONS: Readonly<Record<Exclude<keyof AuditQuery, 'limit'>, string>> = {
  key: 'key_name = ?',
  action: 'action = ?',
  userId: 'user_id = ?',
  callId: 'call_id = ANY (?::text[])',
  chatId: 'chat_id = ?::uuid',
  since: 'at >= ?',
  until: 'at < ?',
  cursor: 'id < ?::bigint',
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

/** What was done with server keys, newest first. */
export const readAudit = async (
  database: Database,
  { limit, callId, ...asked }: AuditQuery,
): Promise<{ items: AuditItem[]; nextCursor: string | null }> => {
  const callIds = callId === undefined ? undefined : await idsOfCall(database, callId);
  const { text, values, name } = where(CONDITIONS, { ...asked, callId: callIds });
  const statement = {
    name: `read_audit_${name}`,
    text: `SELECT id::text, at, key_name AS key, action, call_id AS "callId", chat_id AS "chatId", user_id AS "userId", detail
      FROM server_audit WHERE ${text} ORDER BY server_audit.id DESC LIMIT $${values.length + 1}::integer`,
  };
  const rows = await database.query<AuditItem>(statement, [...values, limit + 1]);
  const items = rows.slice(0, limit);
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
};
