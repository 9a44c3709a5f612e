import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { CLOSE_CODES, type CloseReason, ERRORS } from '@trunkline/contract';
import type { Identity } from '@trunkline/service-kit';
import { type DefaultEventsMap, type Namespace, Server, type ServerOptions, type Socket } from 'socket.io';
import { tokenIn } from '../authenticate.ts';
import type { Companion } from '../companions.ts';
import type { EventFrame } from '../dialects/dialect.ts';
import type { Rooms } from '../presence.ts';
import { reconnectDelayMs } from '../reconnect-delay.ts';
import { BoundedDecoder } from './bounded-decoder.ts';
import { EngineWatch } from './engine-watch.ts';
import type { Handshakes } from './handshakes.ts';
import { hardenedWsEngine } from './hardened-ws-server.ts';
import { PlainEncoder } from './plain-encoder.ts';
import type { RoomListener, RoomSocket } from './room-socket.ts';
import { closeForLargePosts, closeIfAbandoned, compact, forgetRequest, othersBeside, shortenPollingClose } from './socket-io-internals.ts';
import { type RoomInForce, SocketIoSocket } from './socket-io-socket.ts';
import { type Door, MAX_FRAME_BYTES, MAX_QUEUED_BYTES, type NotLetIn, type SocketListener, type Transport } from './transport.ts';

export interface SocketIoOptions {
  server: HttpServer;
  /** Begins every engine session id, by which a proxy keeps a long-polling client on this gateway. */
  port: number;
  transports: readonly ('polling' | 'websocket')[];
  allowedOrigins: readonly string[];
  createAdapter: NonNullable<ServerOptions['adapter']>;
  door: Pick<Door, 'refusalOf' | 'authenticate'>;
  handshakes: Handshakes;
  /** More than these from one connection break it off. */
  framesPerSecond: number;
  roomsInForce: RoomInForce;
  /** Who takes the sockets of each namespace; there are no others. */
  namespaces: ReadonlyMap<string, Admit>;
}

/** Who takes a socket. The library comes back whatever the close code was, so `close` says why in words, then closes the socket. */
type Taker = (SocketListener<EventFrame> | RoomListener) & Companion;

/** `beside`: who took the socket of another namespace on the same connection, where one is in. */
export type Admit = (identity: Identity, socket: RoomSocket, beside: Companion | null) => Taker;

export interface SocketIoTransport extends Transport {
  readonly rooms: Rooms;
}

interface SocketData {
  identity: Identity;
  taker: Companion;
}

type IoServer = Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>;
type IoNamespace = Namespace<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>;
/** By connection. */
type Identities = WeakMap<object, Identity>;
type IoSocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>;

const PATH = '/socket.io';
const FAREWELL_MS = 1000;

const optionsFor = ({ transports, allowedOrigins, createAdapter, door, framesPerSecond }: SocketIoOptions): Partial<ServerOptions> => ({
  path: PATH,
  adapter: createAdapter,
  parser: { Encoder: PlainEncoder, Decoder: BoundedDecoder },
  wsEngine: hardenedWsEngine(framesPerSecond),
  transports: [...transports],
  cors: { origin: [...allowedOrigins], methods: ['GET', 'POST'] },
  allowRequest: (request, decide) => {
    const refusal = door.refusalOf(request.headers.origin);
    decide(refusal === null ? null : CLOSE_CODES[refusal].message, refusal === null);
  },
  serveClient: false,
  perMessageDeflate: false,
  httpCompression: false,
  maxHttpBufferSize: MAX_FRAME_BYTES,
  connectTimeout: 5000,
  upgradeTimeout: 5000,
  pingInterval: 20_000,
  pingTimeout: 10_000,
  destroyUpgrade: false,
});

const unauthenticated = (): Error => Object.assign(new Error(ERRORS.unauthenticated.message), { data: { code: 'unauthenticated' } });

/** For who has another namespace on the connection and would lose it too; to come back is then up to the app. */
const notNow = (reason: NotLetIn): Error =>
  Object.assign(new Error(CLOSE_CODES[reason].message), { data: { code: reason, reconnect: true, reconnectInMs: reconnectDelayMs() } });

/** Whether a token that came over the connection still holds for its user, who may have shown a newer one in another namespace. */
const holds = ({ userId, expiresAt }: Identity, socket: IoSocket): boolean => {
  const ofUser = othersBeside(socket).filter(({ data }) => data.taker.userId === userId);
  return Math.max(expiresAt, ...ofUser.map(({ data }) => data.taker.expiresAt)) > Date.now();
};

/** The token, in `auth`, in a header, or that of another namespace of the same connection, whose headers are forgotten by then. */
const identify = async (
  socket: IoSocket,
  { authenticate }: Pick<Door, 'authenticate'>,
  known: Identities,
): ReturnType<Door['authenticate']> => {
  const { conn, handshake } = socket;
  const token = tokenIn(handshake.auth, handshake.headers.authorization);
  const earlier = known.get(conn);
  if (token === null && earlier !== undefined) return holds(earlier, socket) ? earlier : 'unauthenticated';
  const identity = await authenticate(token);
  if (typeof identity !== 'string') known.set(conn, identity);
  return identity;
};

/** Lets a socket pass when its token holds: one socket per connection and namespace, however often it asks. `taken`: who is in. */
const guardEntrance = (namespace: IoNamespace, door: Pick<Door, 'authenticate'>, known: Identities, taken: WeakSet<object>): void => {
  const check = async (socket: IoSocket): Promise<Error | undefined> => {
    const { conn } = socket;
    if (taken.has(conn)) return unauthenticated();
    taken.add(conn);
    const identity = await identify(socket, door, known);
    if (typeof identity === 'string') {
      taken.delete(conn);
      if (identity === 'unauthenticated') return unauthenticated();
      if (known.has(conn)) return notNow(identity);
      // Told by a packet, a client stays away; after a lost transport it comes back by itself.
      conn.close();
      return unauthenticated();
    }
    socket.data.identity = identity;
    return undefined;
  };
  namespace.use((socket, next) => void check(socket).then(next, next));
};

const closeReasonOf = ({ conn }: IoSocket, reason: string): CloseReason | null =>
  EngineWatch.of(conn)?.abuse ?? (reason === 'ping timeout' ? 'silent' : null);

const listenTo = (socket: IoSocket, listener: Taker, onLeft: (connection: object) => void): void => {
  const { conn } = socket;
  // Never calling `next` keeps the client's events away from the emitter, and so from our own listeners.
  socket.use(([event, ...args]: unknown[]) => {
    const last = args.at(-1);
    const acknowledge = typeof last === 'function' ? (answer: unknown): void => void last(answer) : null;
    const body = acknowledge !== null && args.length === 1 ? undefined : args[0];
    listener.onFrame({ event: typeof event === 'symbol' ? null : String(event), body }, acknowledge);
  });
  if ('onTold' in listener) socket.onAnyOutgoing((event: string, body: unknown) => listener.onTold({ event, body }));
  EngineWatch.of(conn)?.tellAbuse(listener);
  socket.on('disconnect', (reason) => {
    onLeft(conn);
    EngineWatch.of(conn)?.untellAbuse(listener);
    listener.onClose(closeReasonOf(socket, reason));
    closeIfAbandoned(socket);
  });
};

const prefixSessionIds = (io: IoServer, port: number): void => {
  const generateId = io.engine.generateId.bind(io.engine);
  io.engine.generateId = (request: IncomingMessage) => `${port}-${generateId(request)}`;
};

/** Resolves when every connection has gone, or after a moment. */
const farewell = async (io: IoServer): Promise<void> => {
  const deadline = performance.now() + FAREWELL_MS;
  while (io.engine.clientsCount > 0 && performance.now() < deadline) await delay(20);
};

/** Serves Socket.IO 4, long polling and WebSocket, on an HTTP server that is already listening. */
export const startSocketIo = (options: SocketIoOptions): SocketIoTransport => {
  const { server, port, door, namespaces, roomsInForce, handshakes, framesPerSecond } = options;
  const io: IoServer = new Server(server, optionsFor(options));
  prefixSessionIds(io, port);
  const limits = { framesPerSecond, queuedBytes: 2 * MAX_QUEUED_BYTES };
  const handshakesBegun = new WeakMap<object, () => void>();
  io.engine.on('connection', (engine) => {
    shortenPollingClose(engine);
    const watch = new EngineWatch(engine, limits);
    const end = handshakes.begin(engine.request, () => watch.breakOff(), engine.transport.name === 'polling');
    handshakesBegun.set(engine, end);
    engine.once('close', end);
  });
  closeForLargePosts(io);
  const endHandshake = (engine: IoSocket['conn']): void => {
    const end = handshakesBegun.get(engine);
    if (end === undefined) return;
    end();
    handshakesBegun.delete(engine);
    engine.off('close', end);
  };
  const identities: Identities = new WeakMap();
  for (const [name, admit] of namespaces) {
    const namespace: IoNamespace = io.of(name);
    const taken = new WeakSet<object>();
    guardEntrance(namespace, door, identities, taken);
    namespace.on('connection', (socket) => {
      const { identity } = socket.data;
      endHandshake(socket.conn);
      forgetRequest(socket);
      const [other] = othersBeside(socket);
      const taker = admit(identity, new SocketIoSocket(socket, roomsInForce), other?.data.taker ?? null);
      socket.data.taker = taker;
      listenTo(socket, taker, (connection) => taken.delete(connection));
      compact(socket);
    });
  }
  return {
    owns: (url) => url.startsWith(`${PATH}/`),
    rooms: io.of('/').adapter,
    async [Symbol.asyncDispose]() {
      await farewell(io);
      const impatience = setTimeout(() => server.closeAllConnections(), FAREWELL_MS);
      await io.close();
      clearTimeout(impatience);
    },
  };
};
