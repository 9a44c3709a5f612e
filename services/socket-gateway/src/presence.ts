import { presenceRoom } from '@trunkline/bus';
import type { SessionId, UserId } from '@trunkline/contract';

/** The part of a Socket.IO adapter that presence needs. */
export interface Rooms {
  addAll(id: string, rooms: Set<string>): unknown;
  delAll(id: string): unknown;
}

/** Who is online, on any gateway: while a user has a session here, the room's channel has us as a subscriber. */
export interface Presence {
  enter(sessionId: SessionId, userId: UserId): void;
  leave(sessionId: SessionId): void;
}

export const createPresence = (rooms: Rooms): Presence => ({
  enter: (sessionId, userId) => void rooms.addAll(sessionId, new Set([presenceRoom(userId)])),
  leave: (sessionId) => void rooms.delAll(sessionId),
});
