import type { Manager, Socket } from 'socket.io-client';
import { fullJitter } from './backoff.ts';
import { type Line, lineOn } from './line.ts';

export interface EntranceOptions {
  readonly manager: Manager;
  readonly namespace: string;
  /** The token that the server took last. */
  token(): string;
  onOpen(line: Line): void;
  onFrame(word: string, body: unknown): void;
  /** The namespace was closed alone: the connection is still there. */
  onLost(): void;
}

interface Refused {
  readonly data?: { readonly code?: unknown; readonly reconnect?: unknown; readonly reconnectInMs?: unknown };
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

const millisecondsIn = (body: unknown): number =>
  typeof body === 'object' && body !== null && 'reconnectInMs' in body && typeof body.reconnectInMs === 'number' ? body.reconnectInMs : 0;

/** A further namespace of one connection. The server may refuse or close it alone, and say that it may be asked for again: so it is. */
export class Entrance {
  readonly #options: EntranceOptions;
  readonly #socket: Socket;
  #pause: ReturnType<typeof setTimeout> | undefined;
  /** Since anything was heard in it: who is let in may still be told to go. */
  #failures = 0;
  /** What the server said before it closed the namespace. */
  #closing: unknown = null;
  #isOver = false;

  constructor(options: EntranceOptions) {
    const { manager, namespace, token } = options;
    this.#options = options;
    this.#socket = manager.socket(namespace, { auth: (give) => give({ token: token() }) });
    this.#socket.on('connect', () => this.#entered());
    this.#socket.on('connect_error', (error: Error & Refused) => this.#refused(error));
    this.#socket.on('disconnect', (reason) => this.#left(reason));
    this.#socket.onAny((word: string, body: unknown) => this.#hear(word, body));
    this.#socket.connect();
  }

  /** Null while it is not entered. */
  get line(): Line | null {
    return this.#socket.connected ? lineOn(this.#socket) : null;
  }

  leave(): void {
    this.#isOver = true;
    clearTimeout(this.#pause);
    this.#socket.disconnect();
  }

  #entered(): void {
    this.#closing = null;
    if (!this.#isOver) this.#options.onOpen(lineOn(this.#socket));
  }

  #refused({ message, data }: Error & Refused): void {
    if (this.#isOver) return;
    this.#options.onFrame('connect_error', { code: typeof data?.code === 'string' ? data.code : 'unavailable', message });
    if (data?.reconnect === true) this.#askAgain(millisecondsIn(data));
  }

  /** Any other reason is the connection's, and its own end is heard. */
  #left(reason: Socket.DisconnectReason): void {
    if (this.#isOver || reason !== 'io server disconnect') return;
    this.#options.onLost();
    this.#askAgain(millisecondsIn(this.#closing));
  }

  #hear(word: string, body: unknown): void {
    if (word === 'connection:closing') {
      this.#closing = body;
      return;
    }
    this.#failures = 0;
    if (!this.#isOver) this.#options.onFrame(word, body);
  }

  #askAgain(notBeforeMs: number): void {
    const pause = notBeforeMs + fullJitter(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures));
    this.#failures += 1;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.#socket.connect(), pause);
  }
}
