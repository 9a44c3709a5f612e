import { Encoder, type Packet, PacketType } from 'socket.io-parser';

const isSame = (one: unknown[], other: unknown[]): boolean =>
  one.length === other.length && one.every((said, index) => said === other[index]);

/** Socket.IO's own walks through every body in search of bytes, of which we send none, and writes what several sessions are told anew. */
export class PlainEncoder extends Encoder {
  #last: { said: unknown[]; text: string } | null = null;

  override encode({ type, nsp, id, data }: Packet): [string] {
    const namespace = nsp === '/' ? '' : `${nsp},`;
    return [`${type}${namespace}${id ?? ''}${type === PacketType.EVENT ? this.#textOf(data) : textOf(data)}`];
  }

  #textOf(said: unknown[]): string {
    if (this.#last === null || !isSame(this.#last.said, said)) this.#last = { said, text: textOf(said) };
    return this.#last.text;
  }
}

const textOf = (data: unknown): string => (data === undefined || data === null ? '' : JSON.stringify(data));
