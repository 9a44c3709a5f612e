import { Decoder, PacketType } from 'socket.io-parser';
import { MAX_DEPTH, nestsDeeperThan } from './nesting.ts';

/** The event name of a packet that could not be read: no client can send a symbol. */
export const UNREADABLE = Symbol('unreadable packet');

const BINARY = /^[56]/;
const ACKNOWLEDGED_EVENT = /^2(\d{1,15})/;

/** Where the JSON of a packet begins at the earliest: after its type and its namespace, which may hold any character. */
const jsonStart = (packet: string): number => {
  if (packet[1] !== '/') return 1;
  const comma = packet.indexOf(',');
  return comma === -1 ? packet.length : comma + 1;
};

const isAcceptable = (packet: unknown): packet is string =>
  typeof packet === 'string' && !BINARY.test(packet) && !nestsDeeperThan(MAX_DEPTH, packet, jsonStart(packet));

/**
 * Socket.IO's own decoder closes the connection at a malformed packet and lets any depth through. This one turns a
 * malformed, binary or deep packet into an event of its own, which is answered with an error and nothing worse.
 */
export class BoundedDecoder extends Decoder {
  override add(packet: unknown): void {
    if (isAcceptable(packet)) this.#decode(packet);
    else this.#report(packet);
  }

  #decode(packet: string): void {
    try {
      super.add(packet);
    } catch {
      this.#report(packet);
    }
  }

  #report(packet: unknown): void {
    const id = typeof packet === 'string' ? ACKNOWLEDGED_EVENT.exec(packet)?.[1] : undefined;
    this.emitReserved('decoded', {
      type: PacketType.EVENT,
      nsp: '/',
      data: [UNREADABLE],
      ...(id === undefined ? {} : { id: Number(id) }),
    });
  }
}
