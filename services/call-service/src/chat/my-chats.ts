import type { UserId } from '@trunkline/contract';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { CHAT_COLUMNS, MESSAGE_COLUMNS } from './chat-columns.ts';
import { type ChatView, chatViewFor } from './chat-views.ts';
import type { ChatRecord } from './chat-world.ts';
import { type MessageRow, messageFromRow } from './message-rows.ts';
import { page, pageSize } from './paging.ts';

const MINE = `FROM chat_members m JOIN chats c ON c.id = m.chat_id
  WHERE m.user_id = $1 AND m.left_at IS NULL AND ($2::text IS NULL OR c.status = $2)`;

/** `$1` user, `$2` status or null, `$3`–`$4` behind which chat, `$5` how many, `$6` how many to pass over. */
export const READ_MY_CHATS = {
  name: 'read_my_chats',
  text: `SELECT ${CHAT_COLUMNS}, m.unread_count AS "unreadCount", round(extract(epoch FROM m.active_at) * 1000)::float8 AS "activeAt"
    ${MINE} AND (m.active_at, m.chat_id) < (to_timestamp($3::float8 / 1000), $4::uuid)
    ORDER BY m.active_at DESC, m.chat_id DESC LIMIT $5::integer OFFSET $6::integer`,
};
const COUNT_MY_CHATS = { name: 'count_my_chats', text: `SELECT count(*)::integer AS total ${MINE}` };
/** `$1`–`$3`: chat, number and time of each chat's newest message. */
export const READ_LAST_MESSAGES = {
  name: 'read_last_messages',
  text: `WITH asked AS MATERIALIZED (SELECT chat_id, seq, to_timestamp(at / 1000) AS at
      FROM unnest($1::uuid[], $2::integer[], $3::float8[]) AS a (chat_id, seq, at))
    SELECT ${MESSAGE_COLUMNS} FROM asked a JOIN messages m ON m.chat_id = a.chat_id AND m.seq = a.seq AND m.created_at = a.at
    UNION ALL SELECT ${MESSAGE_COLUMNS} FROM asked a JOIN messages_archive m ON m.chat_id = a.chat_id AND m.seq = a.seq`,
};

const NEWEST_MS = 8_000_000_000_000_000;

const Cursor = z.tuple([z.number().min(0).max(NEWEST_MS), z.uuid()]);

const decodeCursor = (text: string): z.infer<typeof Cursor> | null => {
  try {
    return Cursor.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString())).data ?? null;
  } catch {
    return null;
  }
};

/** A cursor from the page before, or a page number. */
export const MyChatsQuery = z.object({
  page: page(),
  limit: pageSize(20),
  status: z.enum(['active', 'archived', 'all']).default('active'),
  cursor: z
    .string()
    .transform((text, context) => {
      const cursor = decodeCursor(text);
      if (cursor === null) context.addIssue({ code: 'custom', message: 'is not one that was given' });
      return cursor ?? z.NEVER;
    })
    .optional(),
});
export type MyChatsQuery = z.infer<typeof MyChatsQuery>;

type ChatRow = ChatRecord & { unreadCount: number; activeAt: number };

export interface MyChats {
  chats: ChatView[];
  total: number;
  page: number;
  limit: number;
  /** Null: there is no older chat. */
  next_cursor: string | null;
}

const FROM_THE_NEWEST = [NEWEST_MS, 'ffffffff-ffff-ffff-ffff-ffffffffffff'] as const;

const readLastMessages = async (database: Database, chats: readonly ChatRow[]) => {
  const written = chats.filter(({ lastSeq }) => lastSeq > 0);
  const rows = await database.query<MessageRow>(READ_LAST_MESSAGES, [
    written.map(({ id }) => id),
    written.map(({ lastSeq }) => lastSeq),
    written.map(({ lastMessageAt }) => lastMessageAt),
  ]);
  return new Map(rows.map((row) => [row.chatId as string, messageFromRow(row)]));
};

/** The chats of one person, the most recently written in first. */
export const readMyChats = async (database: Database, userId: UserId, { page, limit, status, cursor }: MyChatsQuery): Promise<MyChats> => {
  const wanted = status === 'all' ? null : status;
  const [activeAt, id] = cursor ?? FROM_THE_NEWEST;
  const passedOver = cursor === undefined ? (page - 1) * limit : 0;
  const [rows, [count]] = await Promise.all([
    database.query<ChatRow>(READ_MY_CHATS, [userId, wanted, activeAt, id, limit + 1, passedOver]),
    database.query<{ total: number }>(COUNT_MY_CHATS, [userId, wanted]),
  ]);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const newest = await readLastMessages(database, shown);
  return {
    chats: shown.map((chat) => chatViewFor(chat, chat.unreadCount, newest.get(chat.id) ?? null, userId)),
    total: count?.total ?? 0,
    page,
    limit,
    next_cursor:
      rows.length > limit && last !== undefined ? Buffer.from(JSON.stringify([last.activeAt, last.id])).toString('base64url') : null,
  };
};
