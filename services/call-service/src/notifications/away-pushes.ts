import type { ChatEvent } from '@trunkline/contract';
import type { Reading } from '../chat/chat-world.ts';
import type { Transaction } from '../database/database.ts';
import { type ChatNotice, chatNotices, readingNotice } from './chat-notices.ts';
import type { Notify } from './notify-users.ts';
import type { QueuedPush } from './queue-pushes.ts';

/**
 * `$1`–`$4`: of each asked pair its notice, chat, user and of which messages, with commas, a push must be shown, null for who is
 * away; of those whom a push could reach, who is to get it.
 */
export const READ_AWAY = {
  name: 'read_away',
  text: `SELECT asked.notice, asked.user_id AS "userId", (SELECT c.order_id FROM chats c WHERE c.id = asked.chat_id) AS "orderId"
    FROM unnest($1::integer[], $2::uuid[], $3::text[], $4::text[]) AS asked (notice, chat_id, user_id, if_shown)
    WHERE (SELECT true FROM push_targets t WHERE t.user_id = asked.user_id LIMIT 1)
      AND CASE WHEN asked.if_shown IS NOT NULL
        THEN (SELECT p.content->>'messageId' FROM pushes p WHERE p.user_id = asked.user_id AND p.collapse_key = 'chat-' || asked.chat_id
          ORDER BY p.notification_id DESC LIMIT 1) = ANY (string_to_array(asked.if_shown, ','))
        ELSE (SELECT true FROM sessions s WHERE s.user_id = asked.user_id AND s.closed_at IS NULL AND s.hears = 'chats'
          AND (asked.chat_id IS NULL OR (SELECT true FROM chat_seats c WHERE c.chat_id = asked.chat_id AND c.session_id = s.id))
          LIMIT 1) IS NULL
      END`,
};

interface AwayRow {
  notice: number;
  userId: string;
  orderId: string | null;
}

/**
 * Queues pushes of chats' events for those of their recipients who cannot see them now, and of readings for what they leave
 * shown elsewhere, in the transaction that stores the events. What it answers with is to be given to the push queue after the commit.
 */
export type QueueAwayPushes = (
  transaction: Transaction,
  events: readonly ChatEvent[],
  readings?: readonly Reading[],
) => Promise<QueuedPush[]>;

const withOrder = ({ content }: ChatNotice, orderId: string | null): ChatNotice['content'] =>
  content.type === 'chat_message' ? { ...content, orderId } : content;

export const queueAwayPushes =
  (notify: Notify): QueueAwayPushes =>
  async (transaction, events, readings = []) => {
    // Readings first: they are about what was shown before, and what is said in the same batch must not be taken back.
    const notices = [...readings.map(readingNotice), ...events.flatMap(chatNotices)];
    const pairs = notices.flatMap(({ chatId, userIds, ifShown }, notice) =>
      userIds.map((userId) => ({ notice, chatId, userId, ifShown: ifShown?.join(',') ?? null })),
    );
    if (pairs.length === 0) return [];
    const column = <Name extends keyof (typeof pairs)[number]>(name: Name) => pairs.map((pair) => pair[name]);
    const rows = await transaction.query<AwayRow>(READ_AWAY, [column('notice'), column('chatId'), column('userId'), column('ifShown')]);
    const byNotice = Map.groupBy(rows, ({ notice }) => notice);
    const wanted = notices.flatMap((notice, index) => {
      const away = byNotice.get(index) ?? [];
      const { chatId: _, ifShown: __, ...told } = notice;
      if (away.length === 0) return [];
      return [{ ...told, userIds: away.map(({ userId }) => userId), content: withOrder(notice, away[0]?.orderId ?? null) }];
    });
    return notify(transaction, wanted);
  };
