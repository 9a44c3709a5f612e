import type { ChatNews, OpenedSession } from '@trunkline/contract';
import type { Database } from '../database/database.ts';

/** Of one person. */
const MOST_CHATS = 100;
/** One more than a gateway reads of a chat: where that many came, it tells the last ones, whatever came before them. */
const MOST_MESSAGES = 51;

/** `$1`–`$3`: session, user and since when, in epoch milliseconds. One statement for however many ask at once. */
export const READ_CHAT_NEWS = {
  name: 'read_chat_news',
  text: `SELECT v.session_id AS "sessionId", c.id AS "chatId", first.seq - 1 AS "afterSeq", c.last_seq AS "lastSeq"
    FROM unnest($1::text[], $2::text[], $3::float8[]) AS v (session_id, user_id, since) CROSS JOIN LATERAL (
      SELECT m.chat_id, m.joined_seq, m.active_at FROM chat_members m
      WHERE m.user_id = v.user_id AND m.active_at > to_timestamp(v.since / 1000) AND m.left_at IS NULL
      ORDER BY m.active_at DESC, m.chat_id DESC LIMIT ${MOST_CHATS}
    ) AS active JOIN chats c ON c.id = active.chat_id CROSS JOIN LATERAL (
      SELECT min(m.seq) AS seq FROM messages m WHERE m.chat_id = c.id AND m.seq > greatest(active.joined_seq, c.last_seq - ${MOST_MESSAGES})
        AND m.created_at > to_timestamp(v.since / 1000)
    ) AS first WHERE first.seq IS NOT NULL ORDER BY active.active_at DESC, c.id DESC`,
};

/** In which chats something was said since then, for each session that asked, the newest first; whoever said it, and whoever read it. */
export const readChatNews = async (database: Database, sessions: readonly OpenedSession[]): Promise<ReadonlyMap<string, ChatNews[]>> => {
  const asking = sessions.flatMap(({ sessionId, userId, since }) => (since === undefined ? [] : [{ sessionId, userId, since }]));
  const news = new Map<string, ChatNews[]>(asking.map(({ sessionId }) => [sessionId, []]));
  if (asking.length === 0) return news;
  const rows = await database.query<ChatNews & { sessionId: string }>(READ_CHAT_NEWS, [
    asking.map(({ sessionId }) => sessionId),
    asking.map(({ userId }) => userId),
    asking.map(({ since }) => since),
  ]);
  for (const { sessionId, ...chat } of rows) news.get(sessionId)?.push(chat);
  return news;
};
