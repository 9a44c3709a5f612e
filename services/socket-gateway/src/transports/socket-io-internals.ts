import type { IncomingMessage } from 'node:http';
import type { Socket } from 'socket.io';

// What Socket.IO keeps to itself and we must reach all the same; its versions are pinned.

type Engine = Socket['conn'];

interface EngineInternals {
  writeBuffer: readonly { data?: unknown }[];
  transport: { closeTimeout?: number; socket?: { bufferedAmount: number } };
}

const internalsOf = (engine: Engine): EngineInternals => engine as unknown as EngineInternals;

/** What waits for a client: in the engine's own queue and in its WebSocket. */
export const queuedBytesOf = (engine: Engine): number => {
  const { writeBuffer, transport } = internalsOf(engine);
  let bytes = transport.socket?.bufferedAmount ?? 0;
  for (const { data } of writeBuffer) bytes += typeof data === 'string' ? data.length : 0;
  return bytes;
};

const POLLING_CLOSE_MS = 2000;

/** A polling client that we close and that does not poll again would be kept for 30 seconds. */
export const shortenPollingClose = (engine: Engine): void => {
  const { transport } = internalsOf(engine);
  if (transport.closeTimeout !== undefined) transport.closeTimeout = POLLING_CLOSE_MS;
};

/** Drops the handshake and its request: they hold the token, and most of the memory of an idle connection. */
export const forgetRequest = (socket: Pick<Socket, 'conn' | 'handshake'>): void => {
  Reflect.deleteProperty(socket, 'handshake');
  // A connection's first namespace has forgotten it for the second.
  const request: IncomingMessage | null = socket.conn.request;
  if (request === null) return;
  request.rawHeaders = [];
  request.headers = {};
  Reflect.set(request, '_query', null);
  Reflect.set(socket.conn, 'request', null);
};

/** Closes a connection that has left its last namespace, which nothing else would ever do. */
export const closeIfAbandoned = ({ client, conn }: Pick<Socket, 'client' | 'conn'>): void => {
  const { nsps } = client as unknown as { nsps: ReadonlyMap<string, unknown> };
  if (nsps.size === 0) conn.close();
};
