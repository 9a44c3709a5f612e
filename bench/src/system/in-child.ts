import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Runs in every server that the bench starts, before the server's own code: our only addition to what is measured. */
const connections = new Set<Socket>();
const counts = { messages: 0, bytes: 0 };

/** How each message of a subscription begins, whatever its kind, in Redis' protocol; the body is told by its length. */
const MESSAGE = Buffer.from('message\r\n$');

const countIn = (chunk: Buffer): number => {
  let found = 0;
  for (let at = chunk.indexOf(MESSAGE); at !== -1; at = chunk.indexOf(MESSAGE, at + MESSAGE.length)) found += 1;
  return found;
};

const countFrom = (socket: Socket): void => {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    counts.bytes += chunk.length;
    const read = Buffer.concat([rest, chunk]);
    counts.messages += countIn(read);
    // One byte less than a mark, so that what was counted is not counted again.
    rest = read.subarray(Math.max(0, read.length - MESSAGE.length + 1));
  });
};

subscribe('net.client.socket', (opened) => {
  const { socket } = opened as { socket: Socket };
  connections.add(socket);
  socket.once('close', () => connections.delete(socket));
});

interface Asked {
  collectGarbage?: true;
  /** Count from now on what comes from Redis, at this port. */
  countRedis?: number;
  tellCounts?: true;
}

process.on('message', ({ collectGarbage, countRedis, tellCounts }: Asked) => {
  if (collectGarbage) (globalThis as { gc?: () => void }).gc?.();
  if (countRedis !== undefined) {
    for (const socket of connections) if (socket.remotePort === countRedis) countFrom(socket);
  }
  process.send?.(tellCounts ? counts : 'done');
});
// Nobody is left to be served, and whatever stops in order would wait for stores that are gone too. Not by `process.exit`, in which Node may
// wait for its own threads for ever.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
