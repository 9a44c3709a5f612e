import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** What a stream's writes go through (node:stream, implementing a writable). */
type Writes = Required<Pick<Socket, '_write' | '_writev'>>;

/** Of each write to the operating system on a server's connections that come from now on: in how many pieces it went. */
export const watchWrites = (server: Server): number[] => {
  const writes: number[] = [];
  server.on('connection', (socket) => {
    const { _write, _writev } = socket as unknown as Writes;
    const watched: Writes = {
      _write: (...args) => {
        writes.push(1);
        _write.apply(socket, args);
      },
      _writev: (chunks, callback) => {
        writes.push(chunks.length);
        _writev.call(socket, chunks, callback);
      },
    };
    Object.assign(socket, watched);
  });
  return writes;
};
