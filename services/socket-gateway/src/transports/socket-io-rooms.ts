import type { Socket } from 'socket.io';
import type { EventFrame } from '../dialects/dialect.ts';
import { settledWithin } from '../settled-within.ts';
import type { RoomSocket } from './room-socket.ts';

const ENTER_PATIENCE_MS = 1000;

/** The rooms of a Socket.IO socket. `settled` resolves when every subscription asked for so far is in force. */
export const roomsOf = (socket: Socket, settled: () => Promise<unknown>): Pick<RoomSocket, 'enter' | 'leave' | 'tell'> => ({
  enter: async (room) => {
    if (!socket.connected) return;
    await socket.join(room);
    await settledWithin(settled(), ENTER_PATIENCE_MS);
  },
  leave: (room) => void socket.leave(room),
  // Not `socket.to`: a member may have left, or its connection may be gone, and the others are told all the same.
  tell: (room, { event, body }: EventFrame) => void (event !== null && socket.nsp.to(room).emit(event, body)),
});
