import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { Hearing } from './hearing.ts';

/** A JSON frame of the dialects that speak raw WebSocket; which members it has is the dialect's business. */
export interface RawFrame {
  type: string;
  requestId?: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a server says is asserted by the test, field by field
  data?: any;
  // biome-ignore lint/suspicious/noExplicitAny: see data
  payload?: any;
  timestamp?: string;
}

export interface Closing {
  code: number;
  reason: string;
}

export interface RawOptions {
  headers?: Readonly<Record<string, string>>;
  protocols?: readonly string[];
  /** Told of every frame, after it was added to what was heard. */
  onFrame?: (frame: RawFrame) => void;
}

export interface RawClient extends AsyncDisposable {
  /** All that was heard, in order. */
  readonly frames: readonly RawFrame[];
  readonly isOpen: boolean;
  /** Resolves when the connection is over, whoever closed it. */
  readonly closed: Promise<Closing>;
  /** Sends JSON; text and bytes are sent as they are, so that they can be malformed. */
  send(frame: unknown): void;
  /** Sends a frame under a `requestId` and resolves with the payload of its ack. @throws when none came in time, or the connection closed */
  // biome-ignore lint/suspicious/noExplicitAny: see RawFrame
  ask(type: string, payload: object): Promise<any>;
  /** Resolves with the first frame of that type, heard already or yet to come, that `matches`. */
  hears(type: string, matches?: (frame: RawFrame) => boolean): Promise<RawFrame>;
}

/** The server refused to open the WebSocket. */
export class UpgradeRefused extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the WebSocket was refused with ${status}`);
    this.status = status;
  }
}

const opened = async (socket: WebSocket): Promise<void> => {
  const refused = new Promise<never>((_resolve, reject) => {
    socket.once('unexpected-response', (request, response) => {
      request.destroy();
      reject(new UpgradeRefused(response.statusCode ?? 0));
    });
  });
  await Promise.race([once(socket, 'open'), refused]);
};

const toText = (frame: unknown): string | Buffer => (typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));

/** A raw WebSocket that speaks JSON. Resolves when it is open. @throws UpgradeRefused */
export const connectRaw = async (url: string, { headers = {}, protocols = [], onFrame }: RawOptions = {}): Promise<RawClient> => {
  const socket = new WebSocket(url, [...protocols], { headers, perMessageDeflate: false });
  const hearing = new Hearing<RawFrame>();
  socket.on('message', (text) => {
    const frame = JSON.parse(String(text)) as RawFrame;
    hearing.add(frame);
    onFrame?.(frame);
  });
  const closed = new Promise<Closing>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  const lost = closed.then(({ code }) => {
    throw new Error(`the connection was closed with ${code}`);
  });
  lost.catch(() => undefined);
  await opened(socket);
  // A connection that breaks is reported by its close.
  socket.on('error', () => undefined);

  return {
    frames: hearing.items,
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    closed,
    send: (frame) => socket.send(toText(frame)),
    ask: async (type, payload) => {
      const requestId = randomUUID();
      socket.send(JSON.stringify({ type, requestId, payload }));
      const ack = hearing.first(`the ack of ${type}`, (frame) => frame.type === 'ack' && frame.requestId === requestId);
      return (await Promise.race([ack, lost])).payload;
    },
    hears: (type, matches = () => true) => hearing.first(type, (frame) => frame.type === type && matches(frame)),
    async [Symbol.asyncDispose]() {
      socket.close();
      await closed;
    },
  };
};
