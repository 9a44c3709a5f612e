import { AsyncLocalStorage } from 'node:async_hooks';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent } from 'node:https';
import { connect, type NetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { dropIdleConnections } from '../drop-idle-connections.ts';
import { retryAfterMs } from '../retry-after.ts';

declare module 'node:https' {
  interface Agent {
    /** Undocumented, but what agent-base, and with it every proxy agent, builds on. */
    addRequest(request: ClientRequest, options: unknown): void;
  }
}

/** What a provider answered within one attempt. */
export interface ProviderAnswer {
  status: number;
  retryAfterMs: number | null;
}

export interface ObservedAttempt {
  signal: AbortSignal;
  /** Of the request that is or was under way. */
  request: ClientRequest | null;
  answer: ProviderAnswer | null;
  /** What broke that request. firebase-admin asks again after some of it, is refused here, and tells of that alone. */
  failure: Error | null;
}

/** firebase-admin sits out a minute at most before it asks again. */
const NEVER_SECONDS = '86400';

const attempts = new AsyncLocalStorage<ObservedAttempt>();

/** Runs `send`, whose requests through a one-request agent count as that attempt's. */
export const inAttempt = <Result>(attempt: ObservedAttempt, send: () => Promise<Result>): Promise<Result> => attempts.run(attempt, send);

/** A kept connection may close just as it is used again: then nothing was sent, and the request may go once more. */
const mayRequest = ({ signal, request, answer }: ObservedAttempt): boolean =>
  !signal.aborted && answer === null && (request === null || request.reusedSocket);

/** A request that never had a socket tells nobody that it was destroyed. */
const refuse = (request: ClientRequest): void => {
  request.destroy();
  process.nextTick(() => request.emit('error', new Error('one request an attempt')));
};

const observe = (agent: Agent, request: ClientRequest, attempt: ObservedAttempt): void => {
  attempt.request = request;
  attempt.failure = null;
  const abort = (): void => {
    request.destroy(new Error('the attempt is over'));
    dropIdleConnections(agent);
  };
  attempt.signal.addEventListener('abort', abort, { once: true });
  request.once('close', () => attempt.signal.removeEventListener('abort', abort));
  request.once('error', (error) => {
    if (!attempt.signal.aborted) attempt.failure = error;
  });
  request.prependOnceListener('response', (response: IncomingMessage) => {
    attempt.answer = { status: response.statusCode ?? 0, retryAfterMs: retryAfterMs(response.headers['retry-after'], Date.now()) };
    // Later than it would ask again: so firebase-admin neither waits nor asks, and tells of this answer.
    response.headers['retry-after'] = NEVER_SECONDS;
  });
};

/**
 * firebase-admin repeats a 503 up to four times within one `send`, for minutes. When to try again is for the push's own row to say, so
 * this agent lets an attempt have one answer, and no request after its time. It can also dial another endpoint than FCM.
 */
export class OneRequestAgent extends Agent {
  readonly #endpoint: URL | null;

  constructor(endpoint: URL | null, maxSockets: number) {
    super({ keepAlive: true, maxSockets, timeout: 60_000 });
    this.#endpoint = endpoint;
  }

  override addRequest(request: ClientRequest, options: unknown): void {
    const attempt = attempts.getStore();
    if (attempt === undefined || !mayRequest(attempt)) {
      refuse(request);
      return;
    }
    observe(this, request, attempt);
    this.#redirect(request);
    super.addRequest(request, options);
  }

  #redirect(request: ClientRequest): void {
    if (this.#endpoint === null) return;
    request.path = this.#endpoint.pathname.replace(/\/$/, '') + request.path;
    request.setHeader('host', this.#endpoint.host);
  }

  override createConnection(options: NetConnectOpts, callback?: (error: Error | null, stream: Duplex) => void): Duplex | null | undefined {
    if (this.#endpoint === null) return super.createConnection(options, callback);
    const { protocol, hostname, port } = this.#endpoint;
    const host = hostname.replace(/^\[|\]$/g, '');
    if (protocol === 'http:') return connect({ host, port: Number(port || 80) });
    const dialled = { ...options, host, port: Number(port || 443), servername: host };
    return super.createConnection(dialled, callback);
  }
}
