import { type ChatEvent, SYSTEM, type UserId } from '@trunkline/contract';
import type { Database, Transaction } from '../database/database.ts';
import type { QueueAwayPushes } from '../notifications/away-pushes.ts';
import type { QueuedPush } from '../notifications/queue-pushes.ts';
import { MESSAGE_COLUMNS } from './chat-columns.ts';
import { LOCK_CHATS } from './load-chats.ts';
import { type MessageRow, messageFromRow } from './message-rows.ts';
import { messageOf } from './say.ts';

/** How long a session may have been dead when a living gateway closes it as silent, and its close is settled, with time to spare. */
const NOTICED_WITHIN_SECONDS = 45;
/** So many messages of a chat are looked at, from the newest: within that time nobody needs to be told of more. */
const MOST_LOOKED_AT = 500;

/** `$1`: sessions. */
export const READ_LEFT_CHATS = {
  name: 'read_left_chats',
  text: 'SELECT DISTINCT chat_id AS "chatId" FROM chat_seats WHERE session_id = ANY ($1::text[])',
};

/** Ids begin with their time: with those of an hour, no two clocks are so far apart. */
const PUSHED_LATELY = `(lpad(to_hex(floor(extract(epoch FROM now() - interval '1 hour') * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid`;

/**
 * `$1` sessions that are over, `$2` seconds: in each chat that one of them had open, the newest message of so short a time (before their
 * gateway's lease lapsed, if that is long ago) that its user has not read, unless they were pushed it. A call that a chat is told of has had
 * its own pushes.
 */
export const READ_UNSEEN = {
  name: 'read_unseen_messages',
  text: `SELECT gone.user_id AS "userId", m.* FROM (
      SELECT s.user_id, seat.chat_id, min(least(now(), g.lease_until)) - make_interval(secs => $2) AS since
      FROM chat_seats seat JOIN sessions s ON s.id = seat.session_id LEFT JOIN gateways g ON g.id = s.gateway_id
      WHERE seat.session_id = ANY ($1::text[]) AND s.closed_at IS NOT NULL GROUP BY s.user_id, seat.chat_id
    ) AS gone
    JOIN chats c ON c.id = gone.chat_id AND c.last_message_at > gone.since
    JOIN chat_members own ON own.chat_id = c.id AND own.user_id = gone.user_id AND own.left_at IS NULL AND own.unread_count > 0
    CROSS JOIN LATERAL (
      SELECT ${MESSAGE_COLUMNS} FROM messages m
      WHERE m.chat_id = c.id AND m.seq > greatest(own.joined_seq, c.last_seq - ${MOST_LOOKED_AT})
        AND m.created_at > gone.since AND m.sender_id <> own.user_id AND m.read_by & (1 << own.place) = 0
        AND NOT (m.type = 'system' AND m.sender_id = '${SYSTEM}' AND m.metadata IS NOT NULL)
      ORDER BY m.seq DESC LIMIT 1
    ) AS m
    WHERE (SELECT true FROM pushes p WHERE p.user_id = gone.user_id AND p.notification_id > ${PUSHED_LATELY}
      AND p.type = 'chat_message' AND p.content->>'messageId' = m.id::text LIMIT 1) IS NULL`,
};

/** Looks at the chats that sessions had open which turned out to be dead. */
export interface LeftSeats {
  /**
   * What was said to somebody who only seemed to be there is pushed as to anybody who is away. Done twice, also by two processes
   * at once, it pushes nothing the second time.
   */
  pushUnseen(sessionIds: readonly string[]): Promise<void>;
}

export interface LeftSeatsOptions {
  database: Database;
  queueAwayPushes: QueueAwayPushes;
  enqueuePushes(pushes: readonly QueuedPush[]): void;
  gatewayLeaseSeconds: number;
}

const eventFor = ({ userId, ...row }: MessageRow & { userId: UserId }): ChatEvent => {
  const message = messageOf(messageFromRow(row));
  return { id: message.id, type: 'message_sent', at: message.createdAt, recipients: [userId], message, senderSessionId: null };
};

export const createLeftSeats = ({ database, queueAwayPushes, enqueuePushes, gatewayLeaseSeconds }: LeftSeatsOptions): LeftSeats => {
  const queueUnseen = async (transaction: Transaction, chatIds: readonly string[], sessionIds: readonly string[]) => {
    // Behind this lock, what was decided while the seats still counted is stored, and so is what another process pushed.
    transaction.send(LOCK_CHATS, [chatIds, [], [], []]);
    const values = [sessionIds, gatewayLeaseSeconds + NOTICED_WITHIN_SECONDS];
    const unseen = await transaction.query<MessageRow & { userId: UserId }>(READ_UNSEEN, values);
    return queueAwayPushes(transaction, unseen.map(eventFor));
  };
  return {
    pushUnseen: async (sessionIds) => {
      if (sessionIds.length === 0) return;
      const left = await database.query<{ chatId: string }>(READ_LEFT_CHATS, [sessionIds]);
      if (left.length === 0) return;
      const chatIds = left.map(({ chatId }) => chatId);
      enqueuePushes(await database.transaction((transaction) => queueUnseen(transaction, chatIds, sessionIds)));
    },
  };
};
