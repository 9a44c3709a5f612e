import { fullJitter, type ReconnectTiming, waitWindow } from './backoff.ts';
import { Session, type SessionEnd, type Transports } from './session.ts';
import type { TokenSource } from './token-source.ts';
import { TOKEN_EXPIRED, TOO_MANY_CONNECTIONS } from './wire.ts';

/** How the client stands with the servers. `reason`: what ended the last connection, as in docs/errors.md, or a word of this library. */
export type ConnectionState =
  | { readonly status: 'connecting' }
  | { readonly status: 'connected'; readonly url: string }
  | { readonly status: 'waiting'; readonly reason: string; readonly retryInMs: number }
  /** For good: `code` is the server's close code where it gave one. */
  | { readonly status: 'closed'; readonly reason: string; readonly code: number | null };

export interface LinkOptions {
  readonly urls: readonly string[];
  readonly tokens: TokenSource;
  readonly transports: Transports;
  readonly connectTimeoutMs: number;
  readonly reconnect: ReconnectTiming;
  /** Whether a call lives or a command waits. */
  isBusy(): boolean;
  onState(state: ConnectionState): void;
  onOpen(session: Session): void;
  onFrame(word: string, body: unknown): void;
  /** The app's `getToken` failed; it is asked again. */
  onTokenError(error: unknown): void;
}

type Next = 'come_back' | 'come_back_with_another_token' | 'stay_away';

/** A connection that lived this long was a good one: waiting begins anew after it. */
const STEADY_MS = 5000;

const nextAfter = (end: SessionEnd): Next => {
  switch (end.kind) {
    case 'refused':
      return 'come_back_with_another_token';
    case 'closing':
      if (end.code === TOKEN_EXPIRED) return 'come_back_with_another_token';
      return end.reconnect ? 'come_back' : 'stay_away';
    case 'sent_away':
      return 'stay_away';
    case 'lost':
    case 'unreachable':
      return 'come_back';
  }
};

const reasonOf = (end: SessionEnd): string => {
  if (end.kind === 'closing') return end.reason;
  return end.kind === 'refused' ? 'unauthenticated' : end.kind;
};

/** Keeps one connection to one of the servers: comes back after a loss, to the next server, with full jitter. */
export class Link {
  readonly #options: LinkOptions;
  #state: ConnectionState = { status: 'connecting' };
  #session: Session | null = null;
  #urlIndex = 0;
  /** Attempts since the last steady connection. */
  #attempt = 0;
  #openedAt: number | null = null;
  /** No connection has been open since a token was refused. */
  #wasRefused = false;
  /** Why the last token did not do. */
  #tokenReason = 'unauthenticated';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waitsUntil = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The connection, while there is one. */
  get session(): Session | null {
    return this.#state.status === 'connected' ? this.#session : null;
  }

  start(): void {
    void this.#connect();
  }

  /** Tries at once where it waits. */
  reconnectNow(): void {
    if (this.#state.status !== 'waiting') return;
    clearTimeout(this.#timer);
    void this.#connect();
  }

  /** Something is to be done: waits no longer than is fit for that. */
  hurry(): void {
    if (this.#state.status !== 'waiting') return;
    const delay = this.#delay();
    if (performance.now() + delay < this.#waitsUntil) this.#wait(this.#state.reason, delay);
  }

  /** Gives a connection up that answers no more. */
  drop(): void {
    const session = this.session;
    if (session === null) return;
    session.close();
    this.#ended({ kind: 'lost', detail: 'silence' });
  }

  /** For good. */
  close(reason: string, code: number | null = null): void {
    if (this.#isClosed()) return;
    clearTimeout(this.#timer);
    this.#session?.close();
    this.#session = null;
    this.#options.tokens.close();
    this.#become({ status: 'closed', reason, code });
  }

  async #connect(): Promise<void> {
    const { tokens, onTokenError } = this.#options;
    this.#become({ status: 'connecting' });
    if (this.#isClosed()) return;
    try {
      const token = await tokens.current();
      if (this.#isClosed()) return;
      if (token === null) this.close(this.#tokenReason);
      else this.#open(token);
    } catch (error) {
      if (this.#isClosed()) return;
      onTokenError(error);
      this.#wait('no_token', this.#delay());
    }
  }

  #open(token: string): void {
    const { urls, transports, connectTimeoutMs, onOpen, onFrame } = this.#options;
    const url = urls[this.#urlIndex % urls.length] as string;
    this.#session = new Session({
      url,
      token,
      transports,
      connectTimeoutMs,
      onOpen: (session) => {
        this.#openedAt = performance.now();
        this.#wasRefused = false;
        this.#become({ status: 'connected', url });
        // Who was told may have closed the client.
        if (this.session === session) onOpen(session);
      },
      onFrame,
      onEnd: (end) => this.#ended(end),
    });
  }

  #ended(end: SessionEnd): void {
    const next = nextAfter(end);
    const token = this.#session?.token;
    this.#session = null;
    this.#urlIndex += 1;
    if (this.#openedAt !== null && performance.now() - this.#openedAt > STEADY_MS) this.#attempt = 0;
    this.#openedAt = null;
    const needsToken = next === 'come_back_with_another_token';
    if (next === 'stay_away' || (needsToken && !this.#options.tokens.isRenewable))
      return this.close(reasonOf(end), end.kind === 'closing' ? end.code : null);
    if (needsToken && token !== undefined) {
      this.#tokenReason = reasonOf(end);
      this.#options.tokens.markStale(token, end.kind === 'refused' ? 'refused' : 'expired');
    }
    this.#wait(reasonOf(end), this.#delayAfter(end));
    if (end.kind === 'refused') this.#wasRefused = true;
  }

  /** Asks for a token in place of a refused one at once, the first time, and comes back when the server said, where it did. */
  #delayAfter(end: SessionEnd): number {
    if (end.kind === 'refused' && !this.#wasRefused) return 0;
    const own = this.#delay();
    if (end.kind !== 'closing' || end.reconnectInMs === undefined) return own;
    const { isBusy, reconnect } = this.#options;
    // When there is room, the server does not know.
    if (end.code === TOO_MANY_CONNECTIONS) return Math.min(Math.max(end.reconnectInMs, own), reconnect.maxMs);
    return Math.min(end.reconnectInMs, isBusy() ? own : reconnect.maxMs);
  }

  #delay(): number {
    const { reconnect, isBusy } = this.#options;
    return fullJitter(waitWindow(reconnect, this.#attempt, isBusy()));
  }

  #wait(reason: string, delay: number): void {
    // Who was told of an error may have closed the client.
    if (this.#isClosed()) return;
    clearTimeout(this.#timer);
    this.#waitsUntil = performance.now() + delay;
    this.#timer = setTimeout(() => {
      this.#attempt += 1;
      void this.#connect();
    }, delay);
    this.#become({ status: 'waiting', reason, retryInMs: delay });
  }

  #become(state: ConnectionState): void {
    this.#state = state;
    this.#options.onState(state);
  }

  #isClosed(): boolean {
    return this.#state.status === 'closed';
  }
}
