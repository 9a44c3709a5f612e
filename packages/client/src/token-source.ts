import { Countdown } from './countdown.ts';
import { claimsOf, lifeLeft } from './token-claims.ts';

/** Why the app is asked for a token: there is none yet, the one there is ends soon, has ended, or was refused. */
export type TokenReason = 'first' | 'expiring' | 'expired' | 'refused';

export type GetToken = (why: TokenReason) => string | null | Promise<string | null>;

export interface TokenSourceOptions {
  readonly token: string | null;
  readonly getToken: GetToken | null;
  /** How long before its end a token is renewed, in milliseconds; a fifth of its life where that is less. */
  readonly renewBeforeMs: number;
  /** Called with a token that replaces another. */
  onRenewed(token: string): void;
  /** Called when the app could not give one ahead of time. It is asked again when it is needed. */
  onFailed(error: unknown): void;
}

const LEAST_DELAY_MS = 1000;

/** The token in use: asked of the app when there is none, before it ends, and when the server wants another. */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  #token: string | null;
  #why: TokenReason = 'first';
  #isStale = false;
  #asking: Promise<string | null> | null = null;
  #renewal: Countdown | null = null;
  #isClosed = false;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
    this.#token = options.token;
  }

  /** The user of the token in use; null while there is none. */
  get userId(): string | null {
    return this.#token === null ? null : (claimsOf(this.#token).sub ?? null);
  }

  /** The token in use, whether it still holds or not; null while there is none. */
  get latest(): string | null {
    return this.#token;
  }

  /** Whether there is anybody to ask for another. */
  get isRenewable(): boolean {
    return this.#options.getToken !== null;
  }

  /** A token that may hold; null: the app has none other than the one that does not. @throws what `getToken` throws */
  current(): Promise<string | null> {
    if (this.#token !== null && !this.#isStale) return Promise.resolve(this.#token);
    return this.#ask(this.#why);
  }

  /** The server did not take `token`, or not any longer. */
  markStale(token: string, why: 'expired' | 'refused'): void {
    if (token !== this.#token) return;
    this.#isStale = true;
    this.#why = why;
  }

  close(): void {
    this.#isClosed = true;
    this.#renewal?.stop();
  }

  #ask(why: TokenReason): Promise<string | null> {
    this.#asking ??= this.#fetch(why).finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #fetch(why: TokenReason): Promise<string | null> {
    const token = (await this.#options.getToken?.(why)) ?? null;
    // The same one again would be refused again.
    if (token === null || token === '' || (this.#isStale && token === this.#token)) return null;
    const former = this.#token;
    this.#token = token;
    this.#isStale = false;
    this.#scheduleRenewal(token);
    if (former !== null && token !== former && !this.#isClosed) this.#options.onRenewed(token);
    return token;
  }

  #scheduleRenewal(token: string): void {
    this.#renewal?.stop();
    const left = lifeLeft(claimsOf(token), Date.now());
    if (left === null || this.#isClosed) return;
    const delay = left - Math.min(this.#options.renewBeforeMs, left / 5);
    this.#renewal = new Countdown(Math.max(LEAST_DELAY_MS, delay), () => void this.#renew());
  }

  async #renew(): Promise<void> {
    try {
      await this.#ask('expiring');
    } catch (error) {
      if (!this.#isClosed) this.#options.onFailed(error);
    }
  }
}
