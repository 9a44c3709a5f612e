import { CLOSE_CODES } from '@trunkline/contract';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';

const MESSAGE_TOO_BIG = 1009;

/** Says with our own code that a frame was too large: by the standard's, a client cannot tell whether to come back. */
class HardenedWebSocket extends WebSocket {
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

/** The WebSocket server with tighter limits than its own; for `wsEngine`, which is constructed with options alone. */
export class HardenedWebSocketServer extends WebSocketServer {
  constructor(options: ServerOptions) {
    super({ ...options, ...LIMITS, WebSocket: HardenedWebSocket });
  }
}
