import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Answers an upgrade that is not to be with an HTTP status, and closes. */
export const refuseUpgrade = (socket: Duplex, status: number): void => {
  const close = (): void => void socket.destroy();
  socket.on('error', close);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, close);
};
