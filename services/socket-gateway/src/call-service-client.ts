import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@trunkline/service-kit';
import { Pool } from 'undici';
import type { z } from 'zod';

export interface CallServiceClientOptions {
  urls: readonly string[];
  token: string;
  log: Logger;
  /** How many requests to one call-service may be under way at once. */
  connections?: number;
}

export interface Post<Schema extends z.ZodType> {
  path: string;
  /** The body of each attempt, which are counted from 1. */
  bodyFor(attempt: number): unknown;
  schema: Schema;
  /** How long all attempts together may take, in milliseconds. */
  budgetMs: number;
}

/** An answer, and when its own attempt was sent and answered, by `performance.now()`. */
export interface Posted<Value> {
  value: Value;
  sentAt: number;
  receivedAt: number;
}

export interface CallServiceClient extends AsyncDisposable {
  /**
   * Sends a request to any call-service that takes it, again and elsewhere while the budget lasts.
   * @throws CallServiceError when none of them answered as the contract says
   */
  post<Schema extends z.ZodType>(post: Post<Schema>): Promise<Posted<z.output<Schema>>>;
}

export class CallServiceError extends Error {
  constructor(path: string, cause: unknown) {
    super(`no call-service answered ${path}`, { cause });
    this.name = 'CallServiceError';
  }
}

interface Endpoint {
  pool: Pool;
  /** What the URL has before our paths. */
  prefix: string;
  /** Tried last until then, by `performance.now()`. */
  avoidedUntil: number;
}

const REQUEST_TIMEOUT_MS = 2000;
const AVOID_MS = 1000;
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 400;
const CONNECTIONS_PER_SERVICE = 16;

const endpointAt = (url: string, connections: number): Endpoint => {
  const { origin, pathname } = new URL(url);
  const connect = { timeout: REQUEST_TIMEOUT_MS };
  const pool = new Pool(origin, { connections, connect, keepAliveTimeout: 30_000 });
  return { pool, prefix: pathname.replace(/\/+$/, ''), avoidedUntil: 0 };
};

/** Asking again, or elsewhere, would change nothing: the request itself was refused. */
class RefusedRequest extends Error {}

const parsed = <Schema extends z.ZodType>(text: string, schema: Schema): z.output<Schema> =>
  schema.parse(text === '' ? undefined : JSON.parse(text));

const requireSuccess = (status: number): void => {
  if (status >= 200 && status < 300) return;
  if (status >= 400 && status < 500 && status !== 429) throw new RefusedRequest(`answered ${status}`);
  throw new Error(`answered ${status}`);
};

/** The endpoints in the order to try them: round robin, those that just failed last. */
const createRotation = (endpoints: readonly Endpoint[]): (() => Endpoint[]) => {
  let turn = 0;
  return () => {
    turn = (turn + 1) % endpoints.length;
    const rotated = [...endpoints.slice(turn), ...endpoints.slice(0, turn)];
    const now = performance.now();
    return [...rotated.filter(({ avoidedUntil }) => avoidedUntil <= now), ...rotated.filter(({ avoidedUntil }) => avoidedUntil > now)];
  };
};

/** Whom to try next, until the deadline, with a growing pause before each new round. */
async function* rounds(inOrder: () => Endpoint[], deadline: number): AsyncGenerator<Endpoint> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    for (const endpoint of inOrder()) {
      if (performance.now() >= deadline) return;
      yield endpoint;
    }
    if (performance.now() + pauseMs >= deadline) return;
    await delay(pauseMs);
  }
}

/** Speaks to call-service's internal door over kept connections. */
export const createCallServiceClient = (options: CallServiceClientOptions): CallServiceClient => {
  const { urls, token, log, connections = CONNECTIONS_PER_SERVICE } = options;
  const endpoints = urls.map((url) => endpointAt(url, connections));
  const inOrder = createRotation(endpoints);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };

  const attempt = async <Schema extends z.ZodType>(
    { pool, prefix }: Endpoint,
    { path, schema }: Post<Schema>,
    body: string,
    timeoutMs: number,
  ): Promise<Posted<z.output<Schema>>> => {
    const sentAt = performance.now();
    const response = await pool.request({ path: prefix + path, method: 'POST', headers, body, signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.body.text();
    const receivedAt = performance.now();
    requireSuccess(response.statusCode);
    return { value: parsed(text, schema), sentAt, receivedAt };
  };

  const post = async <Schema extends z.ZodType>(request: Post<Schema>): Promise<Posted<z.output<Schema>>> => {
    const deadline = performance.now() + request.budgetMs;
    let count = 0;
    let lastError: unknown;
    for await (const endpoint of rounds(inOrder, deadline)) {
      count += 1;
      const timeoutMs = Math.max(1, Math.ceil(Math.min(REQUEST_TIMEOUT_MS, deadline - performance.now())));
      try {
        return await attempt(endpoint, request, JSON.stringify(request.bodyFor(count)), timeoutMs);
      } catch (error) {
        lastError = error;
        if (error instanceof RefusedRequest) break;
        endpoint.avoidedUntil = performance.now() + AVOID_MS;
        log.debug({ err: error, path: request.path, attempt: count }, 'an attempt failed');
      }
    }
    throw new CallServiceError(request.path, lastError);
  };

  return {
    post,
    [Symbol.asyncDispose]: async () => void (await Promise.all(endpoints.map(({ pool }) => pool.destroy()))),
  };
};
