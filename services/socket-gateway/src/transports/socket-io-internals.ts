import type { IncomingMessage } from 'node:http';
import type { Server, Socket } from 'socket.io';

// What Socket.IO keeps to itself and we must reach all the same; its versions are pinned.

type Engine = Socket['conn'];

interface EngineInternals {
  sendPacket(type: 'ping'): void;
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

/** Closes a connection for which too much waits. What the library answers by itself goes through no code of ours. */
export const limitQueue = (engine: Engine, maxBytes: number): void => {
  engine.on('packetCreate', () => {
    if (queuedBytesOf(engine) > maxBytes) engine.close(true);
  });
};

/** Each ping of a connection is answered by one pong, in order and without a number, so both are counted. */
class PingCount {
  readonly #engine: Engine;
  #pings = 0;
  #pongs = 0;
  #probe: { readonly ping: number; onSign(): void } | null = null;

  constructor(engine: Engine) {
    this.#engine = engine;
    engine.on('packetCreate', ({ type }: { type: string }) => {
      if (type === 'ping') this.#pings += 1;
    });
    engine.on('heartbeat', () => this.#pong());
  }

  probe(onSign: () => void): void {
    if (this.#engine.readyState !== 'open') return;
    internalsOf(this.#engine).sendPacket('ping');
    this.#probe = { ping: this.#pings, onSign };
  }

  #pong(): void {
    this.#pongs += 1;
    const probe = this.#probe;
    if (probe === null || this.#pongs < probe.ping) return;
    this.#probe = null;
    probe.onSign();
  }
}

const PING_COUNTS = new WeakMap<Engine, PingCount>();

/** Makes `probe` possible; to be called before the connection's first ping. */
export const countPings = (engine: Engine): void => void PING_COUNTS.set(engine, new PingCount(engine));

/** See `ClientSocket.probe`. */
export const probe = (engine: Engine, onSign: () => void): void => PING_COUNTS.get(engine)?.probe(onSign);

const POLLING_CLOSE_MS = 2000;

/** A polling client that we close and that does not poll again would be kept for 30 seconds. */
export const shortenPollingClose = (engine: Engine): void => {
  const { transport } = internalsOf(engine);
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

/** Whose request of long polling it is that brings packets; null: nobody's. */
export const postedBy = (server: Server['engine'], request: IncomingMessage): Engine | null => {
  const { clients } = server as unknown as { clients: Readonly<Record<string, Engine>> };
  const { sid } = (request as unknown as { _query: { sid?: unknown } })._query;
  if (request.method !== 'POST' || typeof sid !== 'string' || !Object.hasOwn(clients, sid)) return null;
  const engine = clients[sid];
  return engine?.transport.name === 'polling' ? engine : null;
};
