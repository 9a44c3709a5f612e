import type { Socket } from 'socket.io';
import type { EventFrame } from '../dialects/dialect.ts';
import { settledWithin } from '../settled-within.ts';
import type { RoomSocket } from './room-socket.ts';

const ENTER_PATIENCE_MS = 1000;

/** Resolves when what is told to that room, which a socket of that namespace has entered, reaches it. */
export type RoomInForce = (namespace: string, room: string) => Promise<void>;

/**
 * The rooms of a Socket.IO socket. What its client asks waits behind an entering, so it waits in vain once: until that room is in force,
 * it waits for no other.
 */
export const roomsOf = (socket: Socket, inForce: RoomInForce): Pick<RoomSocket, 'enter' | 'leave' | 'tell'> => {
  let isPatient = true;
  const waitFor = async (heard: Promise<void>): Promise<void> => {
    if (!isPatient) return;
    isPatient = false;
    void heard.then(() => {
      isPatient = true;
    });
    await settledWithin(heard, ENTER_PATIENCE_MS);
  };
  return {
    enter: async (room) => {
      if (!socket.connected) return;
      await socket.join(room);
      await waitFor(inForce(socket.nsp.name, room));
    },
    leave: (room) => void socket.leave(room),
    // Not `socket.to`: a member may have left, or its connection may be gone, and the others are told all the same.
    tell: (room, { event, body }: EventFrame) => void (event !== null && socket.nsp.to(room).emit(event, body)),
  };
};
