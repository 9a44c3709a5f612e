import type { CallState } from '@trunkline/contract';
import type { TokenSource } from '../token-source.ts';
import { asTrunklineError, TrunklineError } from '../trunkline-error.ts';

export interface RestOptions {
  readonly url: string;
  readonly tokens: TokenSource;
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
}

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface RestRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Query;
  readonly body?: object;
}

interface Problem {
  readonly code: string | null;
  readonly message: string;
  readonly field?: string;
  readonly status?: CallState;
}

interface Bodies {
  /** Of `/api`. */
  readonly message?: unknown;
  readonly data?: unknown;
  /** Of `/v1`. */
  readonly error?: Problem | null;
}

interface Answered {
  readonly response: Response;
  /** Null where there is none, or none that is an object in JSON. */
  readonly body: Bodies | null;
  readonly isEmpty: boolean;
}

const UNAUTHENTICATED = 401;

/** What an error of a server that is not Trunkline's is called: a proxy's, or that of a path that there is not. */
const codeForStatus = (status: number): string => (status === 404 ? 'not_found' : status === 429 ? 'rate_limited' : 'service_error');

const problemIn = ({ status, headers }: Response, body: Bodies | null): Problem => {
  const code = headers.get('x-error-code') ?? (status === UNAUTHENTICATED ? 'unauthenticated' : codeForStatus(status));
  if (typeof body?.error === 'object' && body.error !== null) return body.error;
  return { code, message: typeof body?.message === 'string' ? body.message : `The server answered ${status}` };
};

const errorIn = ({ response, body }: Answered): TrunklineError => {
  const { code, message, field, status } = problemIn(response, body);
  const retryAfter = Number(response.headers.get('retry-after'));
  return new TrunklineError(code ?? 'service_error', message, {
    field,
    status,
    retryAfterSeconds: retryAfter > 0 ? retryAfter : undefined,
  });
};

const objectIn = (text: string): Bodies | null => {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' ? json : null;
  } catch {
    return null;
  }
};

/** What is neither empty nor an object was not said by Trunkline, such as the page at which a network asks for money. */
const bodyIn = (answered: Answered): Bodies | null => {
  const { response, body, isEmpty } = answered;
  if (!response.ok) throw errorIn(answered);
  if (body === null && !isEmpty) throw new TrunklineError('unreachable', 'What answered is not Trunkline');
  return body;
};

const searchOf = (query: Query = {}): string => {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
};

/** REST with the client's token: one that was not taken is renewed, once. */
export class Rest {
  readonly #options: RestOptions;

  constructor(options: RestOptions) {
    this.#options = options;
  }

  /** What is in `data` of an answer under `/api`. @throws TrunklineError */
  async data<Data>(request: RestRequest): Promise<Data> {
    return (await this.#request(request))?.data as Data;
  }

  /** The answer itself, as under `/v1`. @throws TrunklineError */
  async plain<Answer>(request: RestRequest): Promise<Answer> {
    return (await this.#request(request)) as Answer;
  }

  async #request(request: RestRequest): Promise<Bodies | null> {
    const token = await this.#token({ wasSent: false });
    const first = await this.#fetch(request, token);
    if (first.response.status !== UNAUTHENTICATED) return bodyIn(first);
    this.#options.tokens.markStale(token, 'refused');
    return bodyIn(await this.#fetch(request, await this.#token({ wasSent: true })));
  }

  /** `wasSent`: whether the request has left this device before. */
  async #token(details: { readonly wasSent: boolean }): Promise<string> {
    const token = await this.#options.tokens.current().catch((error: unknown) => {
      throw asTrunklineError(error, details);
    });
    if (token === null) throw new TrunklineError('unauthenticated', 'There is no token that the server takes', details);
    return token;
  }

  async #fetch({ method, path, query, body }: RestRequest, token: string): Promise<Answered> {
    const { url, timeoutMs } = this.#options;
    const contentType = body === undefined ? {} : { 'content-type': 'application/json' };
    try {
      const response = await this.#options.fetch(`${url}${path}${searchOf(query)}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...contentType },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await response.text();
      return { response, body: objectIn(text), isEmpty: text === '' };
    } catch (cause) {
      throw new TrunklineError('unreachable', 'No server answered, or its answer broke off', { cause });
    }
  }
}
