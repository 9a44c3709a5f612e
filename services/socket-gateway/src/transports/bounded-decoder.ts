import { Decoder, PacketType } from 'socket.io-parser';
import { MAX_DEPTH, nestsDeeperThan } from './nesting.ts';

/** The event name of a packet that could not be read: no client can send a symbol. */
export const UNREADABLE = Symbol('unreadable packet');

/** What a connection may come into. */
const NAMESPACES: ReadonlySet<string> = new Set(['/', '/chat']);

const BINARY = /^[56]/;
const ACKNOWLEDGED_EVENT = /^2(?:\/[^,]*,)?(\d{1,15})/;
const CONNECT = /^0(?:(\/[^,]*)(?:,|$))?/;
const NAMED = /^2(\/[^,]*),/;

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
  /** The namespaces that the connection asked for, in that order: an event for any other would close it. */
  readonly #asked: string[] = [];

  override add(packet: unknown): void {
    if (isAcceptable(packet)) this.#decode(packet);
    else this.#report(packet);
  }

  #decode(packet: string): void {
    this.#noteConnect(packet);
    try {
      super.add(packet);
    } catch {
      this.#report(packet);
    }
  }

  #noteConnect(packet: string): void {
    const connect = CONNECT.exec(packet);
    const namespace = connect?.[1] ?? '/';
    if (connect !== null && NAMESPACES.has(namespace) && !this.#asked.includes(namespace)) this.#asked.push(namespace);
  }

  #report(packet: unknown): void {
    const id = typeof packet === 'string' ? ACKNOWLEDGED_EVENT.exec(packet)?.[1] : undefined;
    this.emitReserved('decoded', {
      type: PacketType.EVENT,
      nsp: this.#namespaceOf(packet),
      data: [UNREADABLE],
      ...(id === undefined ? {} : { id: Number(id) }),
    });
  }

  /** What it names, where the connection asked for that; else where the connection came in. */
  #namespaceOf(packet: unknown): string {
    const named = typeof packet === 'string' ? NAMED.exec(packet)?.[1] : undefined;
    return named !== undefined && this.#asked.includes(named) ? named : (this.#asked[0] ?? '/');
  }
}
