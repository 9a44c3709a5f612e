import { Manager, type Socket } from 'socket.io-client';
import { type Line, lineOn } from './line.ts';
import type { Closing } from './wire.ts';

export type Transports = readonly ('websocket' | 'polling')[];

/** Why one connection is over. */
export type SessionEnd =
  /** The server did not take the token. */
  | { readonly kind: 'refused' }
  /** The server said why, and whether to come back. */
  | ({ readonly kind: 'closing' } & Closing)
  /** The server sent the client away without a word. */
  | { readonly kind: 'sent_away' }
  /** The connection broke, or never came about. */
  | { readonly kind: 'lost' | 'unreachable'; readonly detail: string };

export interface SessionOptions {
  readonly url: string;
  readonly token: string;
  readonly transports: Transports;
  readonly connectTimeoutMs: number;
  onOpen(session: Session): void;
  onFrame(word: string, body: unknown): void;
  /** Called once, however the connection ended, unless it was closed by `close`. */
  onEnd(end: SessionEnd): void;
}

const REFRESH_PATIENCE_MS = 5000;

interface Refused {
  readonly data?: { readonly code?: string };
}

const asClosing = (body: unknown): Closing | null =>
  typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'number' ? (body as Closing) : null;

/** One connection to one server, from its first attempt to its end. It never comes back: the link makes another. */
export class Session {
  readonly #options: SessionOptions;
  readonly #manager: Manager;
  readonly #socket: Socket;
  readonly #extra = new Map<string, Socket>();
  readonly #patience: ReturnType<typeof setTimeout>;
  #token: string;
  #closing: Closing | null = null;
  #isOver = false;

  constructor(options: SessionOptions) {
    const { url, token, transports, connectTimeoutMs } = options;
    this.#options = options;
    this.#token = token;
    this.#manager = new Manager(url, { transports: [...transports], reconnection: false, autoConnect: false, timeout: connectTimeoutMs });
    this.#socket = this.#manager.socket('/', { auth: { token } });
    this.#socket.on('connect', () => this.#opened());
    this.#socket.on('connect_error', (error) => this.#end(refusalOrLoss(error)));
    this.#socket.on('disconnect', (reason) => this.#end(this.#endFor(reason)));
    this.#socket.onAny((word: string, body: unknown) => this.#hear(word, body));
    // The library's own covers the transport, not the server's answer to the token.
    this.#patience = setTimeout(() => this.#end({ kind: 'unreachable', detail: 'no answer' }), connectTimeoutMs);
    this.#socket.connect();
  }

  get line(): Line {
    return lineOn(this.#socket);
  }

  /** The one that the server took last. */
  get token(): string {
    return this.#token;
  }

  /** Enters another namespace over the same connection. `onOpen` and `onFrame` are its own. */
  enter(namespace: string, { onOpen, onFrame }: { onOpen(line: Line): void; onFrame(word: string, body: unknown): void }): void {
    if (this.#extra.has(namespace)) return;
    const socket = this.#manager.socket(namespace, { auth: { token: this.#token } });
    this.#extra.set(namespace, socket);
    socket.on('connect', () => onOpen(lineOn(socket)));
    socket.on('connect_error', (error) => onFrame('connect_error', { code: 'unavailable', message: error.message }));
    socket.onAny((word: string, body: unknown) => (this.#isOver ? undefined : onFrame(word, body)));
    socket.connect();
  }

  /** Gives the server a token for the time after the present one. Resolves with whether none refused it. */
  async refresh(token: string): Promise<boolean> {
    const sockets = [this.#socket, ...this.#extra.values()].filter(({ connected }) => connected);
    const asked = await Promise.all(
      sockets.map((socket) => lineOn(socket).ask<{ ok: boolean }>('auth:refresh', { token }, REFRESH_PATIENCE_MS)),
    );
    const isRefused = asked.some((one) => one.kind === 'answered' && !one.answer.ok);
    if (!isRefused) this.#token = token;
    return !isRefused;
  }

  /** Leaves without telling `onEnd`. */
  close(): void {
    this.#isOver = true;
    clearTimeout(this.#patience);
    for (const socket of [...this.#extra.values(), this.#socket]) socket.disconnect();
  }

  #opened(): void {
    clearTimeout(this.#patience);
    if (!this.#isOver) this.#options.onOpen(this);
  }

  #hear(word: string, body: unknown): void {
    if (this.#isOver) return;
    if (word === 'connection:closing') this.#closing = asClosing(body);
    else this.#options.onFrame(word, body);
  }

  #endFor(reason: Socket.DisconnectReason): SessionEnd {
    if (this.#closing !== null) return { kind: 'closing', ...this.#closing };
    return reason === 'io server disconnect' ? { kind: 'sent_away' } : { kind: 'lost', detail: reason };
  }

  #end(end: SessionEnd): void {
    if (this.#isOver) return;
    this.close();
    this.#options.onEnd(end);
  }
}

const refusalOrLoss = (error: Error & Refused): SessionEnd =>
  error.data?.code === 'unauthenticated' ? { kind: 'refused' } : { kind: 'unreachable', detail: error.message };
