import { CLOSE_CODES } from '@trunkline/contract';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { FloodWatch } from './flood-watch.ts';

const MESSAGE_TOO_BIG = 1009;

/** Emitted once by a WebSocket of which more frames come than it may send, be they messages, pings or pongs. */
export const FLOOD = 'flood';

interface HardenedOptions extends ServerOptions {
  /** The most frames that one client may send. */
  framesPerSecond: number;
}

class HardenedWebSocket extends WebSocket {
  /** Called by the server, with the options that it was made with. */
  constructor(...args: ConstructorParameters<typeof WebSocket>) {
    super(...args);
    const { framesPerSecond } = args[2] as unknown as HardenedOptions;
    const watch = new FloodWatch(framesPerSecond, () => this.emit(FLOOD));
    for (const event of ['message', 'ping', 'pong']) this.on(event, watch.count);
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
  }
}

/** The same for `wsEngine`, which is constructed with the engine's options alone. */
export const hardenedWsEngine = (framesPerSecond: number): (new (options: ServerOptions) => WebSocketServer) =>
  class extends HardenedWebSocketServer {
    constructor(options: ServerOptions) {
      super({ ...options, framesPerSecond });
    }
  };
