import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type CloseReason, UserId } from '@trunkline/contract';
import { type Identity, startHttpServer } from '@trunkline/service-kit';
import { describe, expect, it } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { chattrix } from '../dialects/chattrix.ts';
import type { JsonFrame } from '../dialects/dialect.ts';
import { refuseOtherUpgrades } from '../http.ts';
import { Handshakes } from './handshakes.ts';
import type { HeartbeatTimes } from './pulse.ts';
import { startRawWebSockets } from './raw-websocket.ts';
import type { ClientSocket, Door } from './transport.ts';

const BEN: Identity = { userId: UserId.parse('ben'), name: null, avatar: null, role: null, deviceId: null, expiresAt: 0 };

const FRAMES_PER_SECOND = 100;

/** An HTTP server that speaks raw WebSocket on `/ws/chat`. Who knocks with the token `good` is Ben. */
const startServer = async ({ heartbeat, refusal = null }: { heartbeat?: HeartbeatTimes; refusal?: CloseReason | null } = {}) => {
  await using starting = new AsyncDisposableStack();
  const { server, url } = starting.use(await startHttpServer((_request, response) => void response.end(), { port: 0, host: '127.0.0.1' }));
  const seen = {
    frames: [] as JsonFrame[],
    sockets: [] as ClientSocket<unknown>[],
    closed: 0,
    letGo: [] as (() => void)[],
    reason: null as CloseReason | null,
  };
  const door: Door = {
    refusalOf: (origin) => (origin === 'https://evil.example' ? 'origin_refused' : refusal),
    authenticate: async (token) => {
      if (token === 'good') return BEN;
      if (token === 'often') return 'too_many_connections';
      if (token === 'later') return new Promise((resolve) => void seen.letGo.push(() => resolve('unavailable')));
      return token === 'early' ? 'unavailable' : 'unauthenticated';
    },
    admit: (_identity, socket) => {
      seen.sockets.push(socket as ClientSocket<unknown>);
      return {
        onFrame: (frame) => seen.frames.push(frame as JsonFrame),
        onClose: (reason) => {
          seen.closed += 1;
          seen.reason = reason;
        },
      };
    },
  };
  const transport = starting.use(
    startRawWebSockets({
      server,
      door,
      dialects: new Map([['/ws/chat', chattrix]]),
      handshakes: new Handshakes({ perAddress: 1, together: 0, trustedProxies: 0, onGivenUp: () => undefined }),
      framesPerSecond: FRAMES_PER_SECOND,
      ...(heartbeat === undefined ? {} : { heartbeat }),
    }),
  );
  refuseOtherUpgrades(server, [transport]);
  const running = starting.move();
  const port = Number(new URL(url).port);

  const clients: WebSocket[] = [];
  const open = async (path = '/ws/chat?token=good', protocols: string[] = [], options: ClientOptions = {}): Promise<WebSocket> => {
    const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, options);
    clients.push(client);
    await once(client, 'open');
    return client;
  };
  /** The HTTP status with which an upgrade is refused. */
  const refusedWith = async (path: string, headers: Record<string, string> = {}): Promise<number | undefined> => {
    const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    const [request, response] = await once(client, 'unexpected-response');
    request.destroy();
    return response.statusCode;
  };
  const stop = async (): Promise<void> => {
    for (const client of clients) client.terminate();
    await running.disposeAsync();
  };
  return { port, seen, open, refusedWith, [Symbol.asyncDispose]: stop };
};

const closeOf = (client: WebSocket): Promise<{ code: number; reason: string }> =>
  new Promise((resolve) => {
    client.on('error', () => undefined).once('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });

describe('an upgrade', () => {
  it.each([
    ['a token in the URL', '/ws/chat?token=good', [], {}],
    ['a token in a header', '/ws/chat', [], { authorization: 'Bearer good' }],
    ['a token among the subprotocols', '/ws/chat', ['bearer', 'good'], {}],
  ])('with %s comes in', async (_name, path, protocols, headers) => {
    await using server = await startServer();
    const client = await server.open(path, protocols, { headers });
    expect(client.protocol).toBe(protocols[0] ?? '');
    client.close();
    await expect.poll(() => server.seen.closed).toBe(1);
  });

  it.each([
    ['without a token', '/ws/chat', {}, 401],
    ['with a bad token', '/ws/chat?token=bad', {}, 401],
    ['with a token of which nothing is known now', '/ws/chat?token=early', {}, 503],
    ['of a user that comes too often', '/ws/chat?token=often', {}, 429],
    ['from a foreign origin', '/ws/chat?token=good', { origin: 'https://evil.example' }, 403],
    ['to another path', '/ws/chats?token=good', {}, 404],
    ['to a path below', '/ws/chat/x?token=good', {}, 404],
  ])('%s is refused', async (_name, path, headers, status) => {
    await using server = await startServer();
    expect(await server.refusedWith(path, headers)).toBe(status);
    expect(server.seen.sockets).toEqual([]);
  });

  it.each([
    ['without a token', '/ws/chat', 4501, 'unauthenticated'],
    ['with a bad token', '/ws/chat?token=bad', 4501, 'unauthenticated'],
    ['with a token of which nothing is known now', '/ws/chat?token=early', 4005, 'unavailable'],
  ])('of a browser %s is closed with a code, since a browser tells no status', async (_name, path, code, reason) => {
    await using server = await startServer();
    const client = await server.open(path, [], { origin: 'https://app.example' });
    expect(await closeOf(client)).toEqual({ code, reason });
    expect(server.seen.sockets).toEqual([]);
  });

  it('that waits to be let in is given up where more of its address come than may wait', async () => {
    await using server = await startServer();
    const waiting = server.open('/ws/chat?token=later');
    waiting.catch(() => undefined);
    await expect.poll(() => server.seen.letGo.length).toBe(1);
    expect(await server.refusedWith('/ws/chat?token=bad')).toBe(401);
    await expect(waiting).rejects.toThrow('socket hang up');
    server.seen.letGo[0]?.();
  });

  it('is refused while the gateway leaves', async () => {
    await using server = await startServer({ refusal: 'going_away' });
    expect(await server.refusedWith('/ws/chat?token=good')).toBe(503);
  });
});

describe('a message', () => {
  it('is passed on as its JSON, or as unreadable', async () => {
    await using server = await startServer();
    const client = await server.open();
    client.send('{"type":"call.accept"}');
    client.send('{"type":');
    client.send('['.repeat(33) + ']'.repeat(33));
    client.send(Buffer.from('{"type":"call.accept"}'));
    client.send('7');
    await expect.poll(() => server.seen.frames.length).toBe(5);
    expect(server.seen.frames.map(({ json }) => json)).toEqual([{ type: 'call.accept' }, undefined, undefined, undefined, 7]);
  });

  it('of 64 KiB is taken, and a larger one closes the connection', async () => {
    await using server = await startServer();
    const client = await server.open();
    client.send(JSON.stringify('x'.repeat(65_534)));
    await expect.poll(() => server.seen.frames.length).toBe(1);
    client.send(JSON.stringify('x'.repeat(65_535)));
    expect(await closeOf(client)).toEqual({ code: 4509, reason: 'frame_too_large' });
    expect(server.seen.frames).toHaveLength(1);
    await expect.poll(() => server.seen.closed).toBe(1);
  });

  it('of ours is JSON text', async () => {
    await using server = await startServer();
    const client = await server.open();
    const heard = once(client, 'message');
    server.seen.sockets[0]?.write({ json: { type: 'ack', payload: {} } });
    expect(String((await heard)[0])).toBe('{"type":"ack","payload":{}}');
  });

  it('that comes after we closed is not heard', async () => {
    await using server = await startServer();
    const client = await server.open();
    client.send('1');
    await expect.poll(() => server.seen.frames.length).toBe(1);
    server.seen.sockets[0]?.close('flooding');
    server.seen.sockets[0]?.write({ json: 'too late' });
    client.send('2');
    expect(await closeOf(client)).toEqual({ code: 4529, reason: 'flooding' });
    expect(server.seen.frames).toHaveLength(1);
  });

  it('that breaks the protocol after we closed changes nothing of why we did', async () => {
    await using server = await startServer();
    const client = await server.open();
    const reservedOpcode = Buffer.from([0x83, 0x80, 0, 0, 0, 0]);
    server.seen.sockets[0]?.close('token_expired');
    (client as unknown as { _socket: Socket })._socket.write(reservedOpcode);
    await expect.poll(() => server.seen.closed).toBe(1);
    expect(server.seen.reason).toBe('token_expired');
  });

  it('that nobody reads is counted', async () => {
    await using server = await startServer();
    const client = await server.open();
    client.pause();
    const [socket] = server.seen.sockets;
    const frame = { json: 'x'.repeat(1024 * 1024) };
    await expect
      .poll(() => {
        socket?.write(frame);
        return socket?.queuedBytes();
      })
      .toBeGreaterThan(1024 * 1024);
  });
});

/** A client that opens a WebSocket and then does nothing more, not even answer a ping. */
const openDeaf = async (port: number) => {
  const socket = connect(port, '127.0.0.1');
  const received: Buffer[] = [];
  socket.on('data', (bytes) => received.push(bytes));
  socket.write(
    [
      'GET /ws/chat?token=good HTTP/1.1',
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      '',
      '',
    ].join('\r\n'),
  );
  const closed = new Promise((resolve) => void socket.on('error', () => undefined).once('close', resolve));
  return { socket, closed, received: () => Buffer.concat(received) };
};

/** A close frame (RFC 6455 section 5.5.1): code 4003 and its name. */
const CLOSED_AS_SILENT = Buffer.from([0x88, 8, 0x0f, 0xa3, ...Buffer.from('silent')]);

const QUICK: HeartbeatTimes = { pingEveryMs: 100, pongWithinMs: 100 };

describe('a probe', () => {
  it('is answered by a client that reads', async () => {
    await using server = await startServer();
    const client = await server.open();
    const heard = once(client, 'message');
    const [socket] = server.seen.sockets;
    expect(socket?.write({ json: 'stop' })).toBe(true);
    await new Promise<void>((resolve) => socket?.probe(resolve));
    expect(String((await heard)[0])).toBe('"stop"');
  });

  it('is not answered by what a client says or answers for other reasons', async () => {
    await using server = await startServer({ heartbeat: { ...QUICK, pongWithinMs: 10_000 } });
    const client = await server.open('/ws/chat?token=good', [], { autoPong: false });
    const pings: Buffer[] = [];
    client.on('ping', (number) => pings.push(number));
    await expect.poll(() => pings.length, { timeout: 5000 }).toBe(1);
    let signs = 0;
    server.seen.sockets[0]?.probe(() => {
      signs += 1;
    });
    await expect.poll(() => pings.length).toBe(2);
    client.pong();
    client.pong(pings[0]);
    client.send('1');
    await expect.poll(() => server.seen.frames.length).toBe(1);
    expect(signs).toBe(0);
    client.pong(pings[1]);
    client.pong(pings[1]);
    await expect.poll(() => signs).toBe(1);
  });

  it('of a closed socket is never answered', async () => {
    await using server = await startServer();
    const client = await server.open();
    client.close();
    await expect.poll(() => server.seen.closed).toBe(1);
    server.seen.sockets[0]?.probe(() => expect.unreachable());
  });
});

describe('a connection', () => {
  it('that answers its pings stays', async () => {
    await using server = await startServer({ heartbeat: { ...QUICK, pongWithinMs: 1000 } });
    const client = await server.open();
    let pings = 0;
    client.on('ping', () => {
      pings += 1;
    });
    await expect.poll(() => pings, { timeout: 5000 }).toBeGreaterThanOrEqual(4);
    expect(client.readyState).toBe(WebSocket.OPEN);
  });

  it('that stays half-open is closed as silent', async () => {
    await using server = await startServer({ heartbeat: QUICK });
    const deaf = await openDeaf(server.port);
    // The session ends at once; the socket is given up later.
    await expect.poll(() => server.seen.closed).toBe(1);
    expect(deaf.socket.closed).toBe(false);
    expect(server.seen.sockets[0]?.write({ json: 'into the void' })).toBe(false);
    await deaf.closed;
    expect(server.seen.closed).toBe(1);
    expect(deaf.received().subarray(-CLOSED_AS_SILENT.length)).toEqual(CLOSED_AS_SILENT);
  });

  it('that does not go when the transport stops is ended', async () => {
    const server = await startServer();
    const deaf = await openDeaf(server.port);
    await expect.poll(() => server.seen.sockets.length).toBe(1);
    await server[Symbol.asyncDispose]();
    await deaf.closed;
    await expect.poll(() => server.seen.closed).toBe(1);
  });
});

describe('a flood', () => {
  it.each([
    ['pings', (client: WebSocket) => client.ping('p')],
    ['pongs', (client: WebSocket) => client.pong('p')],
    ['messages', (client: WebSocket) => client.send('{}')],
  ])('of %s closes the connection, also where every answer is read', async (_name, send) => {
    await using server = await startServer();
    const client = await server.open();
    const flood = setInterval(() => {
      for (let sent = 0; sent < 10 && client.readyState === WebSocket.OPEN; sent += 1) send(client);
    }, 5);
    const closing = await closeOf(client);
    clearInterval(flood);
    expect(closing).toEqual({ code: 4529, reason: 'flooding' });
    expect(server.seen.closed).toBe(1);
  });
});
