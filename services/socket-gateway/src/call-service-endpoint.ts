import { INTERNAL_PATHS, LINK_PATHS } from '@trunkline/contract';
import { Pool } from 'undici';
import { CallServiceLink, LateAnswer, LinkRefused } from './call-service-link.ts';

export interface EndpointOptions {
  url: string;
  token: string;
  /** How many requests over HTTP may be under way at once. */
  connections: number;
  /** How long a link is used before another one takes its place. */
  linkLifeMs: number;
}

/** What an attempt was answered, and when it was sent and answered, by `performance.now()`. */
export interface Answered {
  body: unknown;
  sentAt: number;
  receivedAt: number;
}

export const REQUEST_TIMEOUT_MS = 2000;
/** How long one that knows no links is asked over HTTP before it is asked for a link again. */
const WITHOUT_LINK_MS = 30_000;

/** Asking again, or elsewhere, would change nothing: the request itself was refused. */
export class RefusedRequest extends Error {}

/** It was answered that it could not be done now. */
class Failure extends Error {}

/** Whether a call-service is there, and has more to do than it can, or its database has. */
export const isBusy = (error: unknown): boolean => error instanceof LateAnswer || error instanceof Failure;

const requireSuccess = (status: number): void => {
  if (status >= 200 && status < 300) return;
  if (status >= 400 && status < 500 && status !== 429) throw new RefusedRequest(`answered ${status}`);
  throw new Failure(`answered ${status}`);
};

const NOT_IMPLEMENTED = 501;

/** An older call-service, or what is between, knows no links; any other status says what it says of every request. */
const knowsNoLinks = (error: unknown): boolean => {
  if (!(error instanceof LinkRefused)) return false;
  const { status } = error;
  if ([401, 403, 429].includes(status) || (status >= 500 && status !== NOT_IMPLEMENTED)) requireSuccess(status);
  return true;
};

/** One URL of call-service: requests go over one kept link, and over HTTP where there can be none. */
export class Endpoint implements AsyncDisposable {
  /** Tried last until then, by `performance.now()`. */
  avoidedUntil = 0;
  readonly #pool: Pool;
  /** What the URL has before our paths. */
  readonly #prefix: string;
  readonly #token: string;
  readonly #linkUrl: string;
  readonly #linkLifeMs: number;
  readonly #links = new Set<CallServiceLink>();
  #link: CallServiceLink | null = null;
  #withoutLinkUntil = 0;

  constructor({ url, token, connections, linkLifeMs }: EndpointOptions) {
    const { origin, pathname } = new URL(url);
    this.#pool = new Pool(origin, { connections, connect: { timeout: REQUEST_TIMEOUT_MS }, keepAliveTimeout: 30_000 });
    this.#prefix = pathname.replace(/\/+$/, '');
    this.#token = token;
    this.#linkUrl = origin.replace(/^http/, 'ws') + this.#prefix + INTERNAL_PATHS.link;
    this.#linkLifeMs = linkLifeMs;
  }

  /**
   * One attempt.
   * @throws RefusedRequest where another one would be refused likewise, any other error where it might not
   */
  async ask(path: string, body: unknown, timeoutMs: number): Promise<Answered> {
    const beganAt = performance.now();
    if (!LINK_PATHS.has(path) || beganAt < this.#withoutLinkUntil) return this.#askOverHttp(path, body, timeoutMs);
    try {
      const { status, ...answered } = await this.#linkToUse().ask(path, body, timeoutMs);
      requireSuccess(status);
      return answered;
    } catch (error) {
      if (!knowsNoLinks(error)) throw error;
      this.#withoutLinkUntil = performance.now() + WITHOUT_LINK_MS;
      return this.#askOverHttp(path, body, Math.max(1, Math.ceil(timeoutMs - (performance.now() - beganAt))));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links) link[Symbol.dispose]();
    await this.#pool.destroy();
  }

  /** Many call-services may be behind one URL: links that end from time to time spread over those there are now. */
  #linkToUse(): CallServiceLink {
    if (this.#link !== null && performance.now() - this.#link.openedAt > this.#linkLifeMs) this.#link.retire();
    if (this.#link?.isTaking !== true) this.#link = this.#openLink();
    return this.#link;
  }

  #openLink(): CallServiceLink {
    const options = { url: this.#linkUrl, token: this.#token, openWithinMs: REQUEST_TIMEOUT_MS };
    const link = new CallServiceLink(options, () => this.#links.delete(link));
    this.#links.add(link);
    return link;
  }

  async #askOverHttp(path: string, body: unknown, timeoutMs: number): Promise<Answered> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(timeoutMs);
    const sentAt = performance.now();
    const response = await this.#pool.request({ path: this.#prefix + path, method: 'POST', headers, body: JSON.stringify(body), signal });
    const text = await response.body.text();
    const receivedAt = performance.now();
    requireSuccess(response.statusCode);
    return { body: text === '' ? undefined : JSON.parse(text), sentAt, receivedAt };
  }
}
