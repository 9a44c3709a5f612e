import type { Socket } from 'node:net';
import { CLOSE_CODES, type CloseReason } from '@trunkline/contract';
import { writeTogether } from '@trunkline/service-kit';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { rememberLast } from '../dialects/remember-last.ts';
import { FloodWatch } from './flood-watch.ts';
import { PING, PONG, TEXT, wholeFrame } from './whole-frame.ts';

/** The codes with which ws closes by itself for what a client did (RFC 6455 section 7.4.1). */
const ABUSE_BY_CODE: ReadonlyMap<number | undefined, CloseReason> = new Map([
  [1008, 'flooding'],
  [1009, 'frame_too_large'],
]);

/**
 * Emitted once by a WebSocket of which more frames come than it may send: messages, pings and pongs together, or the last two alone.
 * Who hears it MUST close the socket: what it had sent is dropped, and nothing after that can be understood.
 */
export const FLOOD = 'flood';

/** Emitted with its reason by a WebSocket that is about to close by itself for what a client did: what it is sent now goes before. */
export const ABUSE = 'abuse';

/** The most pings and pongs that one client may send a second, fifty times what keeps a connection alive on the worst of networks. */
const PINGS_PER_SECOND = 50;
const PONGS_TOGETHER = 16;

interface HardenedOptions extends ServerOptions {
  /** The most frames that one client may send. */
  framesPerSecond: number;
}

/** What ws keeps to itself and we must reach all the same; its version is pinned. */
interface WebSocketInternals {
  readonly _socket: Socket;
  readonly _receiver: { _buffers: Buffer[]; _bufferedBytes: number };
}

type Written = (error?: Error | null) => void;

const textFrame = rememberLast((text: string) => wholeFrame(TEXT, text));

/** There are as many as connections, so what each needs is in its fields and not in listeners of its own. */
class HardenedWebSocket extends WebSocket {
  readonly #frames: FloodWatch;
  readonly #pings = new FloodWatch(PINGS_PER_SECOND);
  #isFlood = false;
  /** How many pings came in this turn, and what the last one said that is not answered yet. */
  #pongs = 0;
  #unanswered: Buffer | null = null;
  #abuse: CloseReason | null = null;

  /** Called by the server, with the options that it was made with. */
  constructor(...args: ConstructorParameters<typeof WebSocket>) {
    super(...args);
    const { framesPerSecond } = args[2] as unknown as HardenedOptions;
    this.#frames = new FloodWatch(framesPerSecond);
  }

  /** Counts what came before anybody hears of it. */
  override emit(event: string | symbol, ...said: unknown[]): boolean {
    if (event === 'message') this.#count(false);
    else if (event === 'ping' || event === 'pong') this.#count(true);
    return super.emit(event, ...said);
  }

  #count(isPing: boolean): void {
    const isTooMuch = this.#frames.count() || (isPing && this.#pings.count());
    if (!isTooMuch || this.#isFlood) return;
    this.#isFlood = true;
    this.#dropUnread();
    this.emit(FLOOD);
  }

  /** Calls back at once while the client keeps up: the engine writes no more before that, and it is to go into the same write. */
  override send(words: unknown, onWritten?: unknown): void {
    const written = typeof onWritten === 'function' ? (onWritten as Written) : undefined;
    if (typeof words !== 'string' || this.readyState !== WebSocket.OPEN) return super.send(words as Buffer, written);
    this.#writeOrWait(textFrame(words), written);
  }

  override ping(text: string): void {
    if (this.readyState === WebSocket.OPEN) this.#writeWhole(wholeFrame(PING, text));
  }

  /** Pings that came together are answered in one write. Of very many the last stands for the rest, as RFC 6455 allows in section 5.5.3. */
  override pong(payload: unknown, mask?: unknown, onWritten?: unknown): void {
    const written = onWritten as Written | undefined;
    if (!Buffer.isBuffer(payload) || this.readyState !== WebSocket.OPEN) return super.pong(payload, mask as boolean, written);
    if (this.#pongs === 0) process.nextTick(() => this.#endPongs());
    this.#pongs += 1;
    if (this.#pongs <= PONGS_TOGETHER) return this.#writeOrWait(wholeFrame(PONG, payload), written);
    this.#unanswered = payload;
    written?.();
  }

  #endPongs(): void {
    const unanswered = this.#unanswered;
    this.#pongs = 0;
    this.#unanswered = null;
    if (unanswered !== null && this.readyState === WebSocket.OPEN) this.#writeWhole(wholeFrame(PONG, unanswered));
  }

  get #stream(): Socket {
    return (this as unknown as WebSocketInternals)._socket;
  }

  /** What came in the same read may be thousands of frames more, each of which would be taken apart. */
  #dropUnread(): void {
    const { _receiver: receiver } = this as unknown as WebSocketInternals;
    receiver._buffers = [];
    receiver._bufferedBytes = 0;
  }

  #writeOrWait(frame: Buffer, written?: Written): void {
    const { writableLength, writableHighWaterMark } = this.#stream;
    const keepsUp = writableLength < writableHighWaterMark;
    this.#writeWhole(frame, keepsUp ? undefined : written);
    if (keepsUp) written?.();
  }

  #writeWhole(frame: Buffer, onWritten?: Written): void {
    writeTogether(this.#stream);
    this.#stream.write(frame, undefined, onWritten);
  }

  /** Says with our own code that a client sent too much: by the standard's, it cannot tell whether to come back. */
  override close(code?: number, reason?: string | Buffer): void {
    if (reason === undefined) this.#noteAbuse(ABUSE_BY_CODE.get(code));
    if (this.#abuse === null || reason !== undefined) super.close(code, reason);
    else super.close(CLOSE_CODES[this.#abuse].code, this.#abuse);
  }

  #noteAbuse(abuse: CloseReason | undefined): void {
    if (abuse === undefined || this.#abuse !== null) return;
    this.#abuse = abuse;
    this.emit(ABUSE, abuse);
  }
}

/** One client that pings and never reads, or sends crumbs, costs what these allow. */
const LIMITS = {
  maxPendingAutoPongs: 16,
  maxFragments: 128,
  maxBufferedChunks: 4096,
  /** How long a peer may leave our close unanswered, in milliseconds. */
  closeTimeout: 2000,
};

/** The WebSocket server with tighter limits than its own. */
export class HardenedWebSocketServer extends WebSocketServer {
  constructor(options: HardenedOptions) {
    const hardened: object = { ...options, ...LIMITS, WebSocket: HardenedWebSocket };
    super(hardened);
    // The answer to the upgrade is about to be written, and the engine's first packet follows.
    this.on('headers', (_headers, { socket }) => writeTogether(socket));
  }
}

/** The same for `wsEngine`, which is constructed with the engine's options alone. */
export const hardenedWsEngine = (framesPerSecond: number): (new (options: ServerOptions) => WebSocketServer) =>
  class extends HardenedWebSocketServer {
    constructor(options: ServerOptions) {
      super({ ...options, framesPerSecond });
    }
  };
