import { Decoder, PacketType } from 'socket.io-parser';
import { MAX_DEPTH, nestsDeeperThan } from './nesting.ts';

/** The event name of a packet that could not be read: no client can send a symbol. */
export const UNREADABLE = Symbol('unreadable packet');

/** Socket.IO answers a request for any other with its whole name, as often as it is asked and unread. */
const NAMESPACES: ReadonlySet<string> = new Set(['/', '/chat']);

/** How often one connection may ask to be let into a namespace within these seconds: who is refused one beside another is told to ask again. */
const MAX_CONNECTS = 10;
const CONNECTS_WINDOW_SECONDS = 5;

const NONE: readonly string[] = [];

const BINARY = /^[56]/;
const ACKNOWLEDGED_EVENT = /^(?:2|5\d{1,15}-)(?:\/[^,]*,)?(\d{1,15})/;
const CONNECT = /^0(?:(\/[^,]*)(?:,|$))?/;
const NAMED = /^(?:2|5\d{1,15}-)(\/[^,]*),/;

/** Where the namespace of a packet ends, which may hold any character but a comma. Without one it is `/`. */
const namespaceEnd = (packet: string): number => {
  if (packet[1] !== '/') return 1;
  const comma = packet.indexOf(',');
  return comma === -1 ? packet.length : comma;
};

const isAcceptable = (packet: unknown): packet is string => {
  if (typeof packet !== 'string' || BINARY.test(packet)) return false;
  const end = namespaceEnd(packet);
  return NAMESPACES.has(packet.slice(1, end) || '/') && !nestsDeeperThan(MAX_DEPTH, packet, end);
};

/**
 * Socket.IO's own decoder closes the connection at a malformed packet and lets any depth through. This one turns a malformed, binary,
 * deep or misdirected packet into an event of its own, which is answered with an error, and closes who is not let in yet.
 */
export class BoundedDecoder extends Decoder {
  /** The namespaces that the connection asked for, in that order: an event for any other would close it. */
  #asked: readonly string[] = NONE;
  #connects = 0;
  /** When they began to be counted, in whole seconds of the process. */
  #countedFrom = 0;

  override add(packet: unknown): void {
    if (isAcceptable(packet) && !this.#asksTooOften(packet)) this.#decode(packet);
    else this.#report(packet);
  }

  #asksTooOften(packet: string): boolean {
    if (!CONNECT.test(packet)) return false;
    const now = Math.floor(performance.now() / 1000);
    if (now - this.#countedFrom >= CONNECTS_WINDOW_SECONDS) {
      this.#countedFrom = now;
      this.#connects = 0;
    }
    this.#connects += 1;
    return this.#connects > MAX_CONNECTS;
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
    if (connect !== null && NAMESPACES.has(namespace) && !this.#asked.includes(namespace)) this.#asked = this.#asked.concat(namespace);
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
