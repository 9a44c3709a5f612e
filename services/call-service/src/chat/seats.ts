import type { ChatId, SessionId } from '@trunkline/contract';
import type { Database } from '../database/database.ts';

const TAKE_SEAT = {
  name: 'take_seat',
  text: `INSERT INTO chat_seats (chat_id, session_id) SELECT $1::uuid, id FROM sessions WHERE id = $2 AND closed_at IS NULL ON CONFLICT DO NOTHING`,
};
const LEAVE_SEAT = { name: 'leave_seat', text: 'DELETE FROM chat_seats WHERE chat_id = $1::uuid AND session_id = $2' };

/** Which sessions have a chat open. A seat ends with its session, however that ends. */
export interface ChatSeats {
  take(chatId: ChatId, sessionId: SessionId): Promise<void>;
  leave(chatId: ChatId, sessionId: SessionId): Promise<void>;
}

export const createChatSeats = (database: Database): ChatSeats => ({
  take: async (chatId, sessionId) => void (await database.query(TAKE_SEAT, [chatId, sessionId])),
  leave: async (chatId, sessionId) => void (await database.query(LEAVE_SEAT, [chatId, sessionId])),
});
