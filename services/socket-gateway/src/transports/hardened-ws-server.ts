import { type ServerOptions, WebSocketServer } from 'ws';

/** One client that pings and never reads, or sends crumbs, costs what these allow. */
const LIMITS = {
  maxPendingAutoPongs: 16,
  maxFragments: 128,
  maxBufferedChunks: 4096,
  /** How long a peer may leave our close unanswered, in milliseconds. */
  closeTimeout: 2000,
};

/** The WebSocket server with tighter limits than its own; for `wsEngine`, which is constructed with options alone. */
export class HardenedWebSocketServer extends WebSocketServer {
  constructor(options: ServerOptions) {
    super({ ...options, ...LIMITS });
  }
}
