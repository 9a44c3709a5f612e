import type { ChatId, SessionId, UserId } from '@trunkline/contract';
import type { Database, Transaction } from '../database/database.ts';

/** Locks the membership: a removal comes before, and there is no seat, or after, and finds the seat. */
export const TAKE_SEAT = {
  name: 'take_seat',
  text: `INSERT INTO chat_seats (chat_id, session_id) SELECT $1::uuid, s.id
    FROM sessions s JOIN chat_members m ON m.chat_id = $1::uuid AND m.user_id = s.user_id AND m.left_at IS NULL
    WHERE s.id = $2 AND s.closed_at IS NULL FOR SHARE OF m ON CONFLICT DO NOTHING`,
};
const LEAVE_SEAT = { name: 'leave_seat', text: 'DELETE FROM chat_seats WHERE chat_id = $1::uuid AND session_id = $2' };
/** `$1`, `$2`: chats and who was removed from each. A seat that is locked ends already, and its end may lock many: that is not waited for. */
export const DROP_SEATS = {
  name: 'drop_seats',
  text: `DELETE FROM chat_seats c USING (
      SELECT seat.chat_id, seat.session_id FROM unnest($1::uuid[], $2::text[]) AS removed (chat_id, user_id)
      JOIN sessions s ON s.user_id = removed.user_id
      JOIN chat_seats seat ON seat.chat_id = removed.chat_id AND seat.session_id = s.id
      FOR UPDATE OF seat SKIP LOCKED
    ) AS dropped WHERE c.chat_id = dropped.chat_id AND c.session_id = dropped.session_id`,
};

/** Behind what stores that they are no members any more. */
export const dropSeats = (transaction: Transaction, removed: readonly { chatId: ChatId; userId: UserId }[]): void => {
  if (removed.length > 0) transaction.send(DROP_SEATS, [removed.map(({ chatId }) => chatId), removed.map(({ userId }) => userId)]);
};

/** Which sessions have a chat open. A seat ends with its session, however that ends. */
export interface ChatSeats {
  take(chatId: ChatId, sessionId: SessionId): Promise<void>;
  leave(chatId: ChatId, sessionId: SessionId): Promise<void>;
}

export const createChatSeats = (database: Database): ChatSeats => ({
  take: async (chatId, sessionId) => void (await database.query(TAKE_SEAT, [chatId, sessionId])),
  leave: async (chatId, sessionId) => void (await database.query(LEAVE_SEAT, [chatId, sessionId])),
});
