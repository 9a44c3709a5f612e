import { Encoder, type Packet } from 'socket.io-parser';

/** Socket.IO's own walks through every body in search of bytes, of which we send none. */
export class PlainEncoder extends Encoder {
  override encode({ type, nsp, id, data }: Packet): [string] {
    const namespace = nsp === '/' ? '' : `${nsp},`;
    return [`${type}${namespace}${id ?? ''}${data === undefined || data === null ? '' : JSON.stringify(data)}`];
  }
}
