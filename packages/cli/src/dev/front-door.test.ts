import { type EventEmitter, once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startFrontDoor } from './front-door.ts';

const listen = async (listener: RequestListener) => {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dispose = async (): Promise<void> => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return { server, port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: dispose };
};

/** A port where nothing listens. */
const deadPort = async (): Promise<number> => {
  await using gone = await listen(() => {});
  return gone.port;
};

const echo: RequestListener = async (request, response) => {
  const body = Buffer.concat(await request.toArray()).toString();
  response.setHeader('set-cookie', ['a=1', 'b=2']);
  response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }));
};

/** Answers with the port that it was reached on. */
const whoAmI: RequestListener = (request, response) => void response.end(String(request.socket.localPort));

const frontDoor = (gateways: readonly number[], callServices: readonly number[]) => startFrontDoor({ port: 0, gateways, callServices });

/** Resolves with the first thing that is said of a connection's end, be it a reset: `once` of node:events would reject for that. */
const closed = (socket: EventEmitter): Promise<unknown> =>
  new Promise((resolve) => void socket.on('error', () => {}).once('close', resolve));

const textOf = async (url: string): Promise<string> => (await fetch(url)).text();

test('a request arrives as it was sent, with the client in X-Forwarded-For, and the answer comes back', async () => {
  await using service = await listen(echo);
  await using door = await frontDoor([], [service.port]);
  const response = await fetch(`${door.url}/api/v1/calls?x=%20`, {
    method: 'POST',
    body: '{"a":1}',
    headers: { 'x-forwarded-for': '6.6.6.6', 'x-a': 'b' },
  });
  const seen = (await response.json()) as { method: string; url: string; headers: Record<string, string>; body: string };
  expect(seen).toMatchObject({ method: 'POST', url: '/api/v1/calls?x=%20', body: '{"a":1}' });
  expect(seen.headers).toMatchObject({ host: new URL(door.url).host, 'x-a': 'b', 'content-length': '7' });
  expect(seen.headers['x-forwarded-for']).toMatch(/127\.0\.0\.1$/);
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
});

test('a body of unknown length is passed on as it comes, and so is the answer', async () => {
  await using service = await listen((request, response) => void request.pipe(response));
  await using door = await frontDoor([], [service.port]);
  const request = httpRequest(`${door.url}/upload`, { method: 'PUT' });
  request.write('first');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect(String((await once(response, 'data'))[0])).toBe('first');
  request.end('second');
  expect(Buffer.concat(await response.toArray()).toString()).toBe('second');
});

test('statuses without a body, and HEAD, pass', async () => {
  await using service = await listen(
    (request, response) => void response.writeHead(request.method === 'HEAD' ? 200 : 204, { 'x-seen': 'yes' }).end(),
  );
  await using door = await frontDoor([], [service.port]);
  expect((await fetch(`${door.url}/a`, { method: 'DELETE' })).status).toBe(204);
  expect((await fetch(`${door.url}/a`, { method: 'HEAD' })).headers.get('x-seen')).toBe('yes');
});

test('long polling stays with the gateway whose port begins the session id', async () => {
  await using first = await listen(whoAmI);
  await using second = await listen(whoAmI);
  await using door = await frontDoor([first.port, second.port], []);
  const handshakes = [await textOf(`${door.url}/socket.io/?EIO=4`), await textOf(`${door.url}/socket.io/?EIO=4`)];
  expect(new Set(handshakes)).toEqual(new Set([String(first.port), String(second.port)]));
  for (const port of [second.port, first.port, second.port, second.port]) {
    expect(await textOf(`${door.url}/socket.io/?EIO=4&sid=${port}-AbC`)).toBe(String(port));
  }
});

test('a gateway that refuses is passed over, but not for a session that it held', async () => {
  const dead = await deadPort();
  await using living = await listen(whoAmI);
  await using door = await frontDoor([dead, living.port], []);
  for (const _ of [1, 2, 3]) expect(await textOf(`${door.url}/socket.io/`)).toBe(String(living.port));
  const response = await fetch(`${door.url}/socket.io/?sid=${dead}-AbC`);
  expect(response.status).toBe(502);
  expect(await response.json()).toEqual({ error: { code: 'service_error', message: expect.any(String) } });
});

test('a service that breaks off before it answers is a 502, and one that breaks off later ends the answer', async () => {
  await using service = await listen((request, response) => {
    if (request.url === '/later') response.write('some');
    setImmediate(() => response.destroy());
  });
  await using door = await frontDoor([], [service.port]);
  expect((await fetch(`${door.url}/before`)).status).toBe(502);
  await expect(textOf(`${door.url}/later`)).rejects.toThrow();
});

test('a WebSocket passes in both directions, closes with its code, and is refused with the status of the service', async () => {
  await using gateway = await listen(() => {});
  const sockets = new WebSocketServer({ noServer: true });
  gateway.server.on('upgrade', (request, socket, head) => {
    if (request.url === '/ws/refused') socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    else sockets.handleUpgrade(request, socket, head, (client) => client.on('message', (text) => client.close(4401, `heard ${text}`)));
  });
  await using door = await frontDoor([await deadPort(), gateway.port], []);
  const address = door.url.replace('http', 'ws');

  const socket = new WebSocket(`${address}/ws/chat?token=x`);
  await once(socket, 'open');
  socket.send('x'.repeat(70));
  expect((await once(socket, 'close')).map(String)).toEqual(['4401', `heard ${'x'.repeat(70)}`]);

  const refused = new WebSocket(`${address}/ws/refused`);
  refused.on('error', () => {});
  const [, response] = (await once(refused, 'unexpected-response')) as [unknown, IncomingMessage];
  expect(response.statusCode).toBe(401);
  refused.terminate();
});

test('a WebSocket to nobody is a 502', async () => {
  await using door = await frontDoor([await deadPort()], []);
  const socket = new WebSocket(`${door.url.replace('http', 'ws')}/ws/chat`);
  socket.on('error', () => {});
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  expect(response.statusCode).toBe(502);
  socket.terminate();
});

test('either end of a WebSocket that vanishes takes the other along', async () => {
  await using gateway = await listen(() => {});
  const sockets = new WebSocketServer({ server: gateway.server });
  await using door = await frontDoor([gateway.port], []);
  const address = `${door.url.replace('http', 'ws')}/ws/chat`;

  const opened = once(sockets, 'connection');
  const client = new WebSocket(address);
  const [behind] = (await opened) as [WebSocket];
  await once(client, 'open');
  client.terminate();
  expect(await closed(behind)).toBe(1006);

  const openedAgain = once(sockets, 'connection');
  const other = new WebSocket(address);
  const [behindOther] = (await openedAgain) as [WebSocket];
  await once(other, 'open');
  behindOther.terminate();
  expect(await closed(other)).toBe(1006);
});

test('a client that sends no HTTP, or goes away at once, does no harm', async () => {
  await using service = await listen(whoAmI);
  await using door = await frontDoor([], [service.port]);
  const port = Number(new URL(door.url).port);
  const rude = connect(port, '127.0.0.1');
  rude.resume();
  rude.write('\x16\x03\x01 this is not HTTP\r\n\r\n');
  await closed(rude);
  const hasty = connect(port, '127.0.0.1');
  hasty.write('GET /api HTTP/1.1\r\nHost: a\r\n\r\n', () => hasty.resetAndDestroy());
  await closed(hasty);
  expect(await textOf(`${door.url}/api`)).toBe(String(service.port));
});

test('dispose ends what is open', async () => {
  await using gateway = await listen(() => {});
  new WebSocketServer({ server: gateway.server });
  const door = await frontDoor([gateway.port], [gateway.port]);
  const socket = new WebSocket(`${door.url.replace('http', 'ws')}/ws/chat`);
  await once(socket, 'open');
  const poll = fetch(`${door.url}/api/never-answered`);
  const broken = expect(poll).rejects.toThrow();
  await once(gateway.server, 'request');
  const ended = closed(socket);
  await door[Symbol.asyncDispose]();
  await Promise.all([ended, broken]);
  await expect(fetch(door.url)).rejects.toThrow();
});
