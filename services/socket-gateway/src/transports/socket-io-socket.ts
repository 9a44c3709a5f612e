import { CLOSE_CODES, type CloseReason, mayReconnect } from '@trunkline/contract';
import type { Socket } from 'socket.io';
import { endsAlone } from '../companions.ts';
import type { EventFrame } from '../dialects/dialect.ts';
import { settledWithin } from '../settled-within.ts';
import { EngineWatch } from './engine-watch.ts';
import type { RoomSocket } from './room-socket.ts';
import { othersBeside } from './socket-io-internals.ts';

const ENTER_PATIENCE_MS = 1000;

/** Resolves when what is told to that room, which a socket of that namespace has entered, reaches it. */
export type RoomInForce = (namespace: string, room: string) => Promise<void>;

/**
 * One client's socket in one namespace. What its client asks waits behind an entering, so it waits in vain once: until that room is in
 * force, it waits for no other.
 */
export class SocketIoSocket implements RoomSocket {
  readonly #socket: Socket;
  readonly #inForce: RoomInForce;
  #isPatient = true;

  constructor(socket: Socket, inForce: RoomInForce) {
    this.#socket = socket;
    this.#inForce = inForce;
  }

  write({ event, body }: EventFrame): boolean {
    const { connected, conn } = this.#socket;
    return event !== null && connected && conn.readyState === 'open' && this.#socket.emit(event, body);
  }

  probe(onSign: () => void): void {
    EngineWatch.of(this.#socket.conn)?.probe(onSign);
  }

  queuedBytes(): number {
    return EngineWatch.of(this.#socket.conn)?.queuedBytes ?? 0;
  }

  /** The library comes back whatever the close code was: told by a packet to go it stays away, and after a lost transport it comes back. */
  close(reason: CloseReason): void {
    const socket = this.#socket;
    if (endsAlone(reason) && othersBeside(socket).length > 0) socket.disconnect();
    else if (!mayReconnect(CLOSE_CODES[reason].code)) socket.disconnect(true);
    else socket.conn.close(reason === 'too_slow');
  }

  async enter(room: string): Promise<void> {
    const socket = this.#socket;
    if (!socket.connected) return;
    await socket.join(room);
    await this.#waitFor(this.#inForce(socket.nsp.name, room));
  }

  leave(room: string): void {
    void this.#socket.leave(room);
  }

  tell(room: string, { event, body }: EventFrame): void {
    // Not `socket.to`: a member may have left, or its connection may be gone, and the others are told all the same.
    if (event !== null) this.#socket.nsp.to(room).emit(event, body);
  }

  async #waitFor(heard: Promise<void>): Promise<void> {
    if (!this.#isPatient) return;
    this.#isPatient = false;
    void heard.then(() => {
      this.#isPatient = true;
    });
    await settledWithin(heard, ENTER_PATIENCE_MS);
  }
}
