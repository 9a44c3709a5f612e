import { LinkAnswer, type LinkRequest } from '@trunkline/contract';
import { WebSocket } from 'ws';

export interface LinkOptions {
  url: string;
  token: string;
  openWithinMs: number;
}

export interface LinkReply extends Pick<LinkAnswer, 'status' | 'body'> {
  /** When this request was sent and answered, by `performance.now()`. */
  sentAt: number;
  receivedAt: number;
}

/** The upgrade was answered with an HTTP status. */
export class LinkRefused extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the link was refused with ${status}`);
    this.name = 'LinkRefused';
    this.status = status;
  }
}

/** The peer is there, and has not answered this request in time. */
export class LateAnswer extends Error {}

interface Pending {
  readonly frame: string;
  sentAt: number | null;
  timer: NodeJS.Timeout;
  resolve(reply: LinkReply): void;
  reject(error: Error): void;
}

/** Also where the peer takes no more requests: the kernel asks after a quiet one, and what is between forgets no idle connection. */
const KEEP_ALIVE_MS = 30_000;
const CLOSE_WITHIN_MS = 2000;
const TAKES_NO_MORE = 503;

const readAnswer = (text: string): LinkAnswer | null => {
  try {
    return LinkAnswer.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
};

/** One WebSocket to one call-service. Requests are sent as they come; whatever ends it fails all that are under way at once. */
export class CallServiceLink implements Disposable {
  readonly openedAt = performance.now();
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #isRetired = false;
  #failure: Error | null = null;
  #heardAt = 0;
  #pingedAt = 0;

  /** `onEnd` is called once, when nothing is left of it. */
  constructor({ url, token, openWithinMs }: LinkOptions, onEnd: () => void) {
    const headers = { authorization: `Bearer ${token}` };
    const options: object = { headers, perMessageDeflate: false, handshakeTimeout: openWithinMs, closeTimeout: CLOSE_WITHIN_MS };
    const socket = new WebSocket(url, options);
    this.#socket = socket;
    socket.on('upgrade', (response) => response.socket.setKeepAlive(true, KEEP_ALIVE_MS));
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      this.#break(new LinkRefused(response.statusCode ?? 0));
    });
    socket.on('open', () => {
      for (const pending of this.#pending.values()) this.#send(pending);
    });
    socket.on('message', (received) => this.#hear(String(received)));
    socket.on('pong', () => {
      this.#heardAt = performance.now();
    });
    socket.on('error', (error) => {
      this.#failure ??= error;
    });
    socket.on('close', (code) => {
      this.#end(this.#failure ?? new Error(`the link was closed with ${code}`));
      onEnd();
    });
  }

  /** Whether a request may be given to it: it is open or opening. */
  get isTaking(): boolean {
    return !this.#isRetired && this.#socket.readyState <= WebSocket.OPEN;
  }

  /** @throws LinkRefused, or whatever else kept it from being answered in time */
  ask(path: string, body: unknown, timeoutMs: number): Promise<LinkReply> {
    this.#lastId += 1;
    const id = this.#lastId;
    const request: LinkRequest = { id, path, body };
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#doubt(id, timeoutMs / 2), timeoutMs / 2);
      const pending: Pending = { frame: JSON.stringify(request), sentAt: null, timer, resolve, reject };
      this.#pending.set(id, pending);
      if (this.#socket.readyState === WebSocket.OPEN) this.#send(pending);
    });
  }

  /** Takes no more requests; those under way may still be answered. */
  retire(): void {
    this.#isRetired = true;
    this.#closeWhenIdle();
  }

  [Symbol.dispose](): void {
    this.#break(new Error('the link is given up'));
  }

  #send(pending: Pending): void {
    pending.sentAt = performance.now();
    this.#socket.send(pending.frame);
  }

  #hear(text: string): void {
    const receivedAt = performance.now();
    this.#heardAt = receivedAt;
    const answer = readAnswer(text);
    if (answer === null) return this.#break(new Error('the link said what is no answer'));
    const { id, status, body } = answer;
    if (status === TAKES_NO_MORE) this.#isRetired = true;
    const pending = this.#take(id);
    // What was answered too late is answered to nobody.
    if (pending?.sentAt != null) pending.resolve({ status, body, sentAt: pending.sentAt, receivedAt });
    this.#closeWhenIdle();
  }

  /** Half of its time is over: a pong will tell a slow answer from a dead connection. */
  #doubt(id: number, restMs: number): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#pingedAt = performance.now();
      this.#socket.ping();
    }
    const pingedAt = this.#pingedAt;
    pending.timer = setTimeout(() => this.#giveUp(id, pingedAt), restMs);
  }

  /** The next attempt gets another link in any case; what else is under way on this one goes on where it is alive. */
  #giveUp(id: number, pingedAt: number): void {
    if (this.#heardAt <= pingedAt) return this.#break(new Error('the link is silent'));
    this.#take(id)?.reject(new LateAnswer('the link did not answer in time'));
    this.retire();
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(pending?.timer);
    return pending;
  }

  #closeWhenIdle(): void {
    if (this.#isRetired && this.#pending.size === 0) this.#socket.close();
  }

  #break(error: Error): void {
    this.#failure ??= error;
    this.#end(error);
    this.#socket.terminate();
  }

  #end(error: Error): void {
    this.#isRetired = true;
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(error);
  }
}
