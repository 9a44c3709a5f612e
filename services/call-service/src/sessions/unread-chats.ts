import type { OpenedSession, UnreadChat } from '@trunkline/contract';
import type { Database } from '../database/database.ts';

/** Of one person; whoever has more to read looks at their list of chats. */
const MOST_UNREAD = 100;

/** `$1`–`$2`: session and user of each reader. One statement for however many connect at once. */
export const READ_UNREAD = {
  name: 'read_unread_chats',
  text: `SELECT v.session_id AS "sessionId", unread.chat_id AS "chatId", unread.unread_count AS "unreadCount"
    FROM unnest($1::text[], $2::text[]) AS v (session_id, user_id) CROSS JOIN LATERAL (
      SELECT m.chat_id, m.unread_count, m.active_at FROM chat_members m WHERE m.user_id = v.user_id AND m.unread_count > 0 AND m.left_at IS NULL
      ORDER BY m.active_at DESC, m.chat_id DESC LIMIT ${MOST_UNREAD}
    ) AS unread ORDER BY unread.active_at DESC, unread.chat_id DESC`,
};

/** What those of the sessions that hear chats have not read, the newest first. */
export const readUnread = async (database: Database, sessions: readonly OpenedSession[]): Promise<ReadonlyMap<string, UnreadChat[]>> => {
  const readers = sessions.filter(({ hears }) => hears === 'chats');
  const unread = new Map<string, UnreadChat[]>(readers.map(({ sessionId }) => [sessionId, []]));
  if (readers.length === 0) return unread;
  const ids = readers.map(({ sessionId }) => sessionId);
  const rows = await database.query<UnreadChat & { sessionId: string }>(READ_UNREAD, [ids, readers.map(({ userId }) => userId)]);
  for (const { sessionId, ...chat } of rows) unread.get(sessionId)?.push(chat);
  return unread;
};
