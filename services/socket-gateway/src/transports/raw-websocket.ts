import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CLOSE_CODES, type CloseReason } from '@trunkline/contract';
import { refuseUpgrade } from '@trunkline/service-kit';
import { WebSocket } from 'ws';
import { tokenInUpgrade } from '../authenticate.ts';
import type { Dialect, JsonFrame } from '../dialects/dialect.ts';
import { rememberLast } from '../dialects/remember-last.ts';
import { settledWithin } from '../settled-within.ts';
import type { Handshakes } from './handshakes.ts';
import { ABUSE, FLOOD, HardenedWebSocketServer } from './hardened-ws-server.ts';
import { parseBounded } from './json-text.ts';
import { HEARTBEAT, type HeartbeatTimes, judgePulse } from './pulse.ts';
import { type ClientSocket, type Door, MAX_FRAME_BYTES, type SocketListener, type Transport } from './transport.ts';

export interface RawWebSocketOptions {
  server: HttpServer;
  door: Door;
  /** By the path that speaks it. */
  dialects: ReadonlyMap<string, Dialect<JsonFrame>>;
  handshakes: Handshakes;
  /** More than these from one connection close it. */
  framesPerSecond: number;
  heartbeat?: HeartbeatTimes;
}

const LOOKS_PER_WAIT = 10;
const FAREWELL_MS = 1000;

/** A browser that offers its token as a subprotocol wants one of its subprotocols back: never the token. */
const chooseProtocol = (offered: ReadonlySet<string>): string | false => (offered.has('bearer') ? 'bearer' : false);

/** What several sessions of a user are told alike comes as one object. */
const textOf = rememberLast((json: unknown) => JSON.stringify(json));

const pathOf = (url: string): string => url.split('?', 1)[0] ?? url;

const STATUS: Partial<Record<CloseReason, number>> = {
  origin_refused: 403,
  unauthenticated: 401,
  too_many_connections: 429,
};

const refuse = (stream: Duplex, reason: CloseReason): void => refuseUpgrade(stream, STATUS[reason] ?? 503);

/** One client's WebSocket, which is looked at from time to time: a timer for each would be most of its cost. */
class RawSocket implements ClientSocket<JsonFrame> {
  readonly #socket: WebSocket;
  #listener: SocketListener<JsonFrame> | null = null;
  #aliveAt = performance.now();
  #pingedAt: number | null = null;
  #closedFor: CloseReason | null = null;
  /** Pings are numbered, and a pong repeats its ping's number (RFC 6455 section 5.5.3). */
  #pings = 0;
  #probe: { readonly ping: number; onSign(): void } | null = null;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('pong', (number) => {
      this.#aliveAt = performance.now();
      this.#pingedAt = null;
      this.#answerProbe(Number(number.toString('latin1')));
    });
    // The socket closes itself for it, with the code that says so, and that is heard.
    socket.on('error', () => undefined);
    socket.on(ABUSE, (reason: CloseReason) => {
      this.#closedFor ??= reason;
    });
    socket.on(FLOOD, () => this.#giveUp('flooding'));
  }

  listen(listener: SocketListener<JsonFrame>): void {
    this.#listener = listener;
    this.#socket.on('message', (received, isBinary) => {
      if (this.#socket.readyState !== WebSocket.OPEN) return;
      listener.onFrame({ json: isBinary ? undefined : parseBounded(String(received)) }, null);
    });
    this.#socket.on('close', () => this.#end());
  }

  write({ json }: JsonFrame): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(textOf(json));
    return true;
  }

  probe(onSign: () => void): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#ping(performance.now());
    this.#probe = { ping: this.#pings, onSign };
  }

  queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  close(reason: CloseReason): void {
    this.#closedFor ??= reason;
    this.#socket.close(CLOSE_CODES[reason].code, reason);
    // What else it sends until it is gone is not even read.
    if (reason === 'flooding') this.#socket.pause();
  }

  /** Pings it when it was quiet, and closes it when it did not answer. */
  look(now: number, times: HeartbeatTimes): void {
    const verdict = judgePulse({ aliveAt: this.#aliveAt, pingedAt: this.#pingedAt }, now, times);
    if (verdict === 'ping') this.#ping(now);
    if (verdict === 'silent') this.#giveUp('silent');
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** Closes without waiting for an answer, before which all that is written is lost. */
  #giveUp(reason: CloseReason): void {
    this.close(reason);
    this.#end();
  }

  #ping(now: number): void {
    this.#pings += 1;
    this.#pingedAt ??= now;
    this.#socket.ping(String(this.#pings));
  }

  #answerProbe(answeredPing: number): void {
    const probe = this.#probe;
    if (probe === null || !(answeredPing >= probe.ping)) return;
    this.#probe = null;
    probe.onSign();
  }

  #end(): void {
    this.#listener?.onClose(this.#closedFor);
    this.#listener = null;
  }
}

/** The sockets that are open, and the one timer that looks at all of them. */
class OpenSockets implements Disposable {
  readonly #sockets = new Set<RawSocket>();
  readonly #timer: NodeJS.Timeout;
  #onEmpty: (() => void) | null = null;

  constructor(times: HeartbeatTimes) {
    const look = (): void => {
      const now = performance.now();
      for (const socket of this.#sockets) socket.look(now, times);
    };
    this.#timer = setInterval(look, times.pongWithinMs / LOOKS_PER_WAIT);
  }

  add(socket: WebSocket): RawSocket {
    const raw = new RawSocket(socket);
    this.#sockets.add(raw);
    socket.on('close', () => {
      this.#sockets.delete(raw);
      if (this.#sockets.size === 0) this.#onEmpty?.();
    });
    return raw;
  }

  /** Resolves when all are gone; those that do not go in time are ended. */
  async farewell(): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    if (this.#sockets.size > 0) await settledWithin(gone, FAREWELL_MS);
    for (const socket of this.#sockets) socket.terminate();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Serves JSON on raw WebSockets, a dialect for each path, on an HTTP server that is already listening. */
export const startRawWebSockets = ({
  server,
  door,
  dialects,
  handshakes,
  framesPerSecond,
  heartbeat = HEARTBEAT,
}: RawWebSocketOptions): Transport => {
  const sockets = new OpenSockets(heartbeat);
  const webSockets = new HardenedWebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols: chooseProtocol,
    framesPerSecond,
  });

  const take = async (request: IncomingMessage, stream: Duplex, head: Buffer, dialect: Dialect<JsonFrame>): Promise<void> => {
    const breakOff = (): void => void stream.destroy();
    stream.on('error', breakOff);
    const { origin } = request.headers;
    const refusal = door.refusalOf(origin);
    if (refusal !== null) return refuse(stream, refusal);
    const endHandshake = handshakes.begin(request, breakOff);
    const identity = await door.authenticate(tokenInUpgrade(request.url ?? '', request.headers));
    endHandshake();
    const isIn = typeof identity !== 'string';
    // A script in a browser, which always names its origin, learns no status of a refused upgrade, but the code of a close.
    if (!isIn && origin === undefined) return refuse(stream, identity);
    webSockets.handleUpgrade(request, stream, head, (socket) => {
      stream.off('error', breakOff);
      const raw = sockets.add(socket);
      if (isIn) raw.listen(door.admit(identity, raw, dialect));
      else raw.close(identity);
    });
  };

  server.on('upgrade', (request, stream, head) => {
    const dialect = dialects.get(pathOf(request.url ?? ''));
    if (dialect !== undefined) void take(request, stream, head, dialect);
  });

  return {
    owns: (url) => dialects.has(pathOf(url)),
    async [Symbol.asyncDispose]() {
      webSockets.close();
      await sockets.farewell();
      sockets[Symbol.dispose]();
    },
  };
};
