import type { Socket } from 'node:net';
import { CLOSE_CODES } from '@trunkline/contract';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { rememberLast } from '../remember-last.ts';
import { FloodWatch } from './flood-watch.ts';
import { PING, TEXT, wholeFrame } from './whole-frame.ts';

const MESSAGE_TOO_BIG = 1009;

/** Emitted once by a WebSocket of which more frames come than it may send, be they messages, pings or pongs. */
export const FLOOD = 'flood';

interface HardenedOptions extends ServerOptions {
  /** The most frames that one client may send. */
  framesPerSecond: number;
}

/** What ws keeps to itself and we must reach all the same; its version is pinned. */
interface WebSocketInternals {
  readonly _socket: Socket;
}

type Written = (error?: Error | null) => void;

const uncork = (stream: Socket): void => stream.uncork();

/** What is written in one turn of the event loop leaves as one write; what is alone waits for nothing. */
const gatherTurn = (stream: Socket): void => {
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(uncork, stream);
};

const textFrame = rememberLast((text: string) => wholeFrame(TEXT, text));

class HardenedWebSocket extends WebSocket {
  /** Called by the server, with the options that it was made with. */
  constructor(...args: ConstructorParameters<typeof WebSocket>) {
    super(...args);
    const { framesPerSecond } = args[2] as unknown as HardenedOptions;
    const watch = new FloodWatch(framesPerSecond, () => this.emit(FLOOD));
    for (const event of ['message', 'ping', 'pong']) this.on(event, watch.count);
  }

  /** Calls back at once while the client keeps up: the engine writes no more before that, and it is to go into the same write. */
  override send(words: unknown, onWritten?: unknown): void {
    const written = typeof onWritten === 'function' ? (onWritten as Written) : undefined;
    if (typeof words !== 'string' || this.readyState !== WebSocket.OPEN) return super.send(words as Buffer, written);
    const { writableLength, writableHighWaterMark } = this.#stream;
    const keepsUp = writableLength < writableHighWaterMark;
    this.#writeWhole(textFrame(words), keepsUp ? undefined : written);
    if (keepsUp) written?.();
  }

  override ping(text: string): void {
    if (this.readyState === WebSocket.OPEN) this.#writeWhole(wholeFrame(PING, text));
  }

  get #stream(): Socket {
    return (this as unknown as WebSocketInternals)._socket;
  }

  #writeWhole(frame: Buffer, onWritten?: Written): void {
    gatherTurn(this.#stream);
    this.#stream.write(frame, undefined, onWritten);
  }

  /** Says with our own code that a frame was too large: by the standard's, a client cannot tell whether to come back. */
  override close(code?: number, reason?: string | Buffer): void {
    if (code !== MESSAGE_TOO_BIG || reason !== undefined) super.close(code, reason);
    else super.close(CLOSE_CODES.frame_too_large.code, 'frame_too_large');
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
    this.on('headers', (_headers, { socket }) => gatherTurn(socket));
  }
}

/** The same for `wsEngine`, which is constructed with the engine's options alone. */
export const hardenedWsEngine = (framesPerSecond: number): (new (options: ServerOptions) => WebSocketServer) =>
  class extends HardenedWebSocketServer {
    constructor(options: ServerOptions) {
      super({ ...options, framesPerSecond });
    }
  };
