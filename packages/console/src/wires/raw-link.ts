import type { Frame } from './raw-words.ts';
import type { LinkState } from './wire.ts';

export interface RawLinkOptions {
  readonly url: string;
  getToken(): Promise<string | null>;
  onFrame(frame: Frame): void;
  onState(state: LinkState): void;
}

const LONGEST_WAIT_MS = 4000;
const FIRST_WAIT_MS = 500;

/** From 4500 on, a close says not to come back: docs/errors.md. */
const STAY_AWAY = 4500;

const parse = (text: unknown): Frame | null => {
  try {
    return typeof text === 'string' ? (JSON.parse(text) as Frame) : null;
  } catch {
    return null;
  }
};

/** A WebSocket that comes back by itself, after a random wait that grows. */
export class RawLink {
  readonly #options: RawLinkOptions;
  #socket: WebSocket | null = null;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(options: RawLinkOptions) {
    this.#options = options;
    void this.#connect();
  }

  /** False: there is no connection. */
  send(frame: object): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  reconnectNow(): void {
    if (this.#timer === undefined) return;
    this.#attempt = 0;
    void this.#connect();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#options.onState('closed');
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { url, getToken, onFrame, onState } = this.#options;
    onState('connecting');
    const token = await getToken();
    if (this.#isClosed) return;
    if (token === null) return this.#wait();
    const socket = new WebSocket(url, ['bearer', token]);
    this.#socket = socket;
    socket.onopen = () => {
      this.#attempt = 0;
      onState('connected');
    };
    socket.onmessage = ({ data }) => {
      const frame = parse(data);
      if (frame !== null) onFrame(frame);
    };
    socket.onclose = ({ code }) => {
      if (this.#isClosed) return;
      if (code >= STAY_AWAY) this.close();
      else this.#wait();
    };
  }

  #wait(): void {
    this.#options.onState('waiting');
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#attempt);
    this.#attempt += 1;
    this.#timer = setTimeout(() => void this.#connect(), Math.random() * longest);
  }
}
