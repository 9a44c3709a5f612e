export interface RestAnswer {
  status: number;
  /** The JSON that came back; null where there was no body. */
  // biome-ignore lint/suspicious/noExplicitAny: what a server says is asserted by the test, field by field
  body: any;
  /** The body as it came, for what parsing hides: the order of its keys. */
  text: string;
  headers: Headers;
}

export interface RestClient {
  /** Sends `body` as JSON; text is sent as it is, so that it can be malformed. */
  request(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<RestAnswer>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<RestAnswer>;
  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<RestAnswer>;
}

const bodyOf = (body: unknown): string | null => {
  if (body === undefined) return null;
  return typeof body === 'string' ? body : JSON.stringify(body);
};

/** An app's REST client. Without a token it sends no `Authorization` header. */
export const createRestClient = (url: string, token: string | null): RestClient => {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const request: RestClient['request'] = async (method, path, body, headers = {}) => {
    const contentType = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...authorization, ...contentType, ...headers },
      body: bodyOf(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text), text, headers: response.headers };
  };
  return {
    request,
    get: (path, headers) => request('GET', path, undefined, headers),
    post: (path, body, headers) => request('POST', path, body, headers),
  };
};
