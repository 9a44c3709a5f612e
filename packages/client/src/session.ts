import { Manager, type Socket } from 'socket.io-client';
import { Entrance, type EntranceOptions } from './entrance.ts';
import { type Line, lineOn } from './line.ts';
import type { Ack, Closing } from './wire.ts';

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
const NOT_NOW: ReadonlySet<string> = new Set(['service_error', 'rate_limited']);

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
  readonly #entrances = new Map<string, Entrance>();
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

  /** Enters another namespace over the same connection, again and again while the server lets it. What it is told is that namespace's own. */
  enter(namespace: string, told: Pick<EntranceOptions, 'onOpen' | 'onFrame' | 'onLost'>): void {
    if (this.#entrances.has(namespace)) return;
    this.#entrances.set(namespace, new Entrance({ ...told, manager: this.#manager, namespace, token: () => this.#token }));
  }

  /** Gives the server a token for the time after the present one. `not_now`: it may be asked again. */
  async refresh(token: string): Promise<'taken' | 'refused' | 'not_now'> {
    const lines = [this.#socket.connected ? this.line : null, ...[...this.#entrances.values()].map(({ line }) => line)];
    const asked = await Promise.all(
      lines.filter((line) => line !== null).map((line) => line.ask<Ack>('auth:refresh', { token }, REFRESH_PATIENCE_MS)),
    );
    const codes = asked.flatMap((one) => (one.kind === 'answered' && !one.answer.ok ? [one.answer.error.code] : []));
    if (codes.some((code) => !NOT_NOW.has(code))) return 'refused';
    if (codes.length > 0) return 'not_now';
    this.#token = token;
    return 'taken';
  }

  /** Leaves without telling `onEnd`. */
  close(): void {
    this.#isOver = true;
    clearTimeout(this.#patience);
    for (const entrance of this.#entrances.values()) entrance.leave();
    this.#socket.disconnect();
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
