import type { IncomingMessage } from 'node:http';

/** These are about one connection, not about the message (RFC 9110 section 7.6.1), or answered by the server in front. */
const OF_ONE_HOP = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const SET_BY_PROXY = new Set(['x-forwarded-for', 'x-forwarded-proto']);

type Header = readonly [name: string, text: string];

const headersOf = (rawHeaders: readonly string[]): Header[] =>
  rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1] as string] as const] : []));

/** Names and texts by turns, without those that end at this hop; repeated ones stay repeated. */
export const endToEndHeaders = (rawHeaders: readonly string[]): string[] => {
  const headers = headersOf(rawHeaders);
  const named = headers.filter(([name]) => name.toLowerCase() === 'connection').flatMap(([, text]) => text.toLowerCase().split(/[\s,]+/));
  const dropped = new Set([...OF_ONE_HOP, ...named]);
  return headers.filter(([name]) => !dropped.has(name.toLowerCase())).flat();
};

const clientHeaders = (request: IncomingMessage): string[] => [
  ...['X-Forwarded-For', request.socket.remoteAddress ?? 'unknown'],
  ...['X-Forwarded-Proto', 'http'],
];

const withoutForged = (rawHeaders: readonly string[]): string[] =>
  headersOf(rawHeaders)
    .filter(([name]) => !SET_BY_PROXY.has(name.toLowerCase()))
    .flat();

/** A request's headers as the service behind gets them. A body of unknown length stays one. */
export const requestHeaders = (request: IncomingMessage): string[] => [
  ...withoutForged(endToEndHeaders(request.rawHeaders)),
  ...(request.headers['transfer-encoding'] === undefined ? [] : ['Transfer-Encoding', 'chunked']),
  ...clientHeaders(request),
];

/** The request that opens a tunnel, as text: it keeps its `Connection: Upgrade`. */
export const upgradeRequestText = (request: IncomingMessage): string => {
  const headers = headersOf([...withoutForged(request.rawHeaders), ...clientHeaders(request)]);
  const lines = headers.map(([name, text]) => `${name}: ${text}`);
  return [`${request.method} ${request.url} HTTP/1.1`, ...lines, '', ''].join('\r\n');
};
