import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'socket.io';
import { compactEvents, compactList } from './compact.ts';
import { type Engine, EngineWatch } from './engine-watch.ts';
import { MAX_FRAME_BYTES } from './transport.ts';

// What Socket.IO keeps to itself and we must reach all the same; its versions are pinned.

interface EngineInternals {
  transport: { closeTimeout?: number };
}

const POLLING_CLOSE_MS = 2000;

/** A polling client that we close and that does not poll again would be kept for 30 seconds. */
export const shortenPollingClose = (engine: Engine): void => {
  const { transport } = engine as unknown as EngineInternals;
  if (transport.closeTimeout !== undefined) transport.closeTimeout = POLLING_CLOSE_MS;
};

/** Of an upgraded request: a listener without a name on its socket keeps a response that nobody asks for, and so the request. */
const forgetResponse = ({ socket, headers }: IncomingMessage): void => {
  if (headers.upgrade === undefined) return;
  for (const listener of socket.listeners('close')) if (listener.name === '') socket.off('close', listener as () => void);
};

/** Drops the handshake and its request: they hold the token, and most of the memory of an idle connection. */
export const forgetRequest = (socket: Pick<Socket, 'conn' | 'handshake'>): void => {
  // Not deleted: V8 would make a hash table of the socket's properties.
  Reflect.set(socket, 'handshake', null);
  // A connection's first namespace has forgotten it for the second.
  const request: IncomingMessage | null = socket.conn.request;
  if (request === null) return;
  forgetResponse(request);
  request.rawHeaders = [];
  request.headers = {};
  Reflect.set(request, '_query', null);
  Reflect.set(socket.conn, 'request', null);
};

/** The sockets of the other namespaces that came over the same connection and are in. */
export const othersBeside = <Beside extends Pick<Socket, 'client'>>(socket: Beside): Beside[] => {
  const { nsps } = socket.client as unknown as { nsps: ReadonlyMap<string, Beside> };
  return [...nsps.values()].filter((other) => other !== socket);
};

/** Closes the connection of a socket that has left, where it was the last: nothing else ever would. */
export const closeIfAbandoned = (socket: Pick<Socket, 'client' | 'conn'>): void => {
  if (othersBeside(socket).length === 0) socket.conn.close();
};

/** Gives back what the libraries keep for more listeners than an idle connection has; to be called when those are added. */
export const compact = (socket: Pick<Socket, 'conn'>): void => {
  const { conn } = socket;
  for (const emitter of [socket, conn]) compactEvents(emitter);
  EngineWatch.of(conn)?.compactTransport();
  compactList(socket, 'fns');
  compactList(conn, 'cleanupFn');
};

/** Whose request of long polling it is that brings packets; null: nobody's. */
const postedBy = (server: Server['engine'], request: IncomingMessage): Engine | null => {
  const { clients } = server as unknown as { clients: Readonly<Record<string, Engine>> };
  const { sid } = (request as unknown as { _query: { sid?: unknown } })._query;
  if (request.method !== 'POST' || typeof sid !== 'string' || !Object.hasOwn(clients, sid)) return null;
  const engine = clients[sid];
  return engine?.transport.name === 'polling' ? engine : null;
};

/**
 * Closes a connection whose client posts more than a frame may hold. Where it is told so by what it polls, the request itself is not
 * refused: the library would come back at once.
 */
export const closeForLargePosts = ({ engine }: Pick<Server, 'engine'>): void =>
  engine.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
    const sender = Number(request.headers['content-length']) > MAX_FRAME_BYTES ? postedBy(engine, request) : null;
    if (sender !== null && EngineWatch.of(sender)?.noteAbuse('frame_too_large')) response.end('ok');
    else next();
  });
