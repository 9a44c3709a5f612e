import type { ChatId, UserId } from '@trunkline/contract';

/**
 * The room that holds the sessions of one member that joined one chat. A room for each member, so that who tells the
 * others something tells those who are members now, whoever sits in rooms still. It is always longer than 20 characters,
 * which the sharded adapter would take for a socket id.
 */
export const seatOf = (chatId: ChatId, userId: UserId): string => `chat:${chatId}:${userId}`;
