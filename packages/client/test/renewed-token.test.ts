import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connect } from '../src/index.ts';

// A stand-in for the server, which lets a test hold who connects, and answers refreshes and REST as a test has it.

const startServer = async () => {
  const refreshed: string[] = [];
  const answers: object[] = [];
  const statuses: number[] = [];
  let letIn: Promise<void> = Promise.resolve();
  const http = createServer((_request, response) => {
    response.writeHead(statuses.shift() ?? 200);
    response.end('{"data":{"items":[],"nextCursor":null}}');
  });
  const io = new Server(http);
  io.use((_socket, next) => void letIn.then(() => next()));
  io.on('connection', (socket) =>
    socket.on('auth:refresh', ({ token }, acknowledge) => {
      refreshed.push(token);
      acknowledge(answers.shift() ?? { ok: true });
    }),
  );
  await once(http.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    refreshed,
    answers,
    statuses,
    hold: (until: Promise<void>) => {
      letIn = until;
    },
    close: () => io.close(),
  };
};

/** Told apart by their number. The first ends soon, and is renewed after a second. */
const tokenOf = (number: number): string => {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: 'ben', iat: now, exp: now + (number === 1 ? 2 : 3600), number };
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
};

let server: Awaited<ReturnType<typeof startServer>>;
let given: string[];
const getToken = (): string => {
  given.push(tokenOf(given.length + 1));
  return given.at(-1) as string;
};

beforeEach(async () => {
  server = await startServer();
  given = [];
});
afterEach(() => server.close());

it('a renewed token that the server could not take just now is given again, until it does', async () => {
  const errors: unknown[] = [];
  server.answers.push(
    { ok: false, error: { code: 'service_error', message: '' } },
    { ok: false, error: { code: 'rate_limited', message: '' } },
  );
  using client = connect({ url: server.url, getToken });
  client.on('error', ({ error }) => errors.push(error));
  await expect.poll(() => server.refreshed.length, { timeout: 15_000 }).toBe(3);
  expect([new Set(server.refreshed), errors]).toEqual([new Set([given[1]]), []]);
}, 20_000);

it('a token that was renewed while the connection was made is given to it', async () => {
  const held = Promise.withResolvers<void>();
  server.hold(held.promise);
  using client = connect({ url: server.url, getToken });
  await expect.poll(() => given.length, { timeout: 10_000 }).toBe(2);
  held.resolve();
  await expect.poll(() => server.refreshed).toEqual([given[1]]);
  expect(client.connection.status).toBe('connected');
}, 20_000);

it('a token in place of one that REST did not take is given to the connection too', async () => {
  server.statuses.push(401);
  using client = connect({ url: server.url, getToken });
  await expect.poll(() => client.connection.status).toBe('connected');
  await client.history();
  await expect.poll(() => server.refreshed).toEqual([given[1]]);
}, 20_000);
