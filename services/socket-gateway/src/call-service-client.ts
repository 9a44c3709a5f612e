import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@trunkline/service-kit';
import type { z } from 'zod';
import { Endpoint, isBusy, REQUEST_TIMEOUT_MS, RefusedRequest } from './call-service-endpoint.ts';

export interface CallServiceClientOptions {
  urls: readonly string[];
  token: string;
  log: Logger;
  /** How many requests over HTTP to one call-service may be under way at once. */
  connections?: number;
  /** How long a link to a call-service is used before another one takes its place, in milliseconds. */
  linkLifeMs?: number;
}

export interface Post<Schema extends z.ZodType> {
  path: string;
  /** The body of each attempt, which are counted from 1, with what is left of the budget then. */
  bodyFor(attempt: number, leftMs: number): unknown;
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
  /** Whether some call-service was there, and could not do it in time. */
  readonly wasBusy: boolean;

  constructor(path: string, cause: unknown, wasBusy: boolean) {
    super(`no call-service answered ${path}`, { cause });
    this.name = 'CallServiceError';
    this.wasBusy = wasBusy;
  }
}

const AVOID_MS = 1000;
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 400;
const CONNECTIONS_PER_SERVICE = 16;
const LINK_LIFE_MS = 60_000;

/** Not all gateways at once, when all of them started at once. */
const someLife = (): number => LINK_LIFE_MS * (1 + Math.random() / 2);

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

/** Speaks to call-service's internal door over kept links. */
export const createCallServiceClient = (options: CallServiceClientOptions): CallServiceClient => {
  const { urls, token, log, connections = CONNECTIONS_PER_SERVICE, linkLifeMs = someLife() } = options;
  const endpoints = urls.map((url) => new Endpoint({ url, token, connections, linkLifeMs }));
  const inOrder = createRotation(endpoints);

  const attempt = async <Schema extends z.ZodType>(
    endpoint: Endpoint,
    { path, schema }: Post<Schema>,
    sent: unknown,
    timeoutMs: number,
  ): Promise<Posted<z.output<Schema>>> => {
    const { body, sentAt, receivedAt } = await endpoint.ask(path, sent, timeoutMs);
    return { value: schema.parse(body), sentAt, receivedAt };
  };

  const post = async <Schema extends z.ZodType>(request: Post<Schema>): Promise<Posted<z.output<Schema>>> => {
    const deadline = performance.now() + request.budgetMs;
    let count = 0;
    let lastError: unknown;
    let wasBusy = false;
    for await (const endpoint of rounds(inOrder, deadline)) {
      count += 1;
      const timeoutMs = Math.max(1, Math.ceil(Math.min(REQUEST_TIMEOUT_MS, deadline - performance.now())));
      try {
        return await attempt(endpoint, request, request.bodyFor(count, Math.max(0, deadline - performance.now())), timeoutMs);
      } catch (error) {
        if (error instanceof RefusedRequest) throw new CallServiceError(request.path, error, false);
        lastError = error;
        wasBusy ||= isBusy(error);
        endpoint.avoidedUntil = performance.now() + AVOID_MS;
        log.debug({ err: error, path: request.path, attempt: count }, 'an attempt failed');
      }
    }
    throw new CallServiceError(request.path, lastError, wasBusy);
  };

  return {
    post,
    [Symbol.asyncDispose]: async () => void (await Promise.all(endpoints.map((endpoint) => endpoint[Symbol.asyncDispose]()))),
  };
};
