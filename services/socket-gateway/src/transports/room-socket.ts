import type { EventFrame } from '../dialects/dialect.ts';
import type { ClientSocket, SocketListener } from './transport.ts';

/** A client's socket that may be in rooms, which span all gateways. */
export interface RoomSocket extends ClientSocket<EventFrame> {
  /** Resolves when what is told to the room reaches this socket, or after a moment where Redis refuses that or says nothing. */
  enter(room: string): Promise<void>;
  leave(room: string): void;
  /** Tells every socket in the room. Heard or lost. */
  tell(room: string, frame: EventFrame): void;
}

export interface RoomListener extends SocketListener<EventFrame> {
  /** Called after any frame was written to the socket, by itself or through a room. */
  onTold(frame: EventFrame): void;
}
