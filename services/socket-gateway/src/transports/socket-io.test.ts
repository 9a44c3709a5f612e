import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { type CloseReason, UserId } from '@trunkline/contract';
import { type Identity, startHttpServer } from '@trunkline/service-kit';
import { Server } from 'socket.io';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { closed } from '../../test/closed.ts';
import { watchWrites } from '../../test/watch-writes.ts';
import type { Companion } from '../companions.ts';
import type { EventFrame } from '../dialects/dialect.ts';
import { onlycare } from '../dialects/onlycare.ts';
import { Handshakes } from './handshakes.ts';
import { type Admit, startSocketIo } from './socket-io.ts';
import { type ClientSocket, type Door, MAX_QUEUED_BYTES } from './transport.ts';

const BEN: Identity = { userId: UserId.parse('ben'), name: null, avatar: null, role: null, deviceId: null, expiresAt: 0 };

const PING = '2';
const PONG = '3';
const FRAMES_PER_SECOND = 100;
const HANDSHAKES = 3;
const LET_ME_IN = '40{"token":"good"}';
const LET_ME_CHAT = '40/chat,{"token":"good"}';

/** A Socket.IO server on one gateway. Who asks with the token `good` is Ben. */
const startServer = async (transports: ('polling' | 'websocket')[] = ['polling', 'websocket']) => {
  await using starting = new AsyncDisposableStack();
  const { server, url } = starting.use(await startHttpServer((_request, response) => void response.end(), { port: 0, host: '127.0.0.1' }));
  const writes = watchWrites(server);
  const seen = {
    frames: [] as EventFrame[],
    sockets: [] as ClientSocket<EventFrame>[],
    closed: 0,
    reason: null as CloseReason | null,
    told: [] as CloseReason[],
    takers: [] as Companion[],
    beside: [] as (Companion | null)[],
  };
  const door: Door = {
    refusalOf: () => null,
    authenticate: async (token) => {
      if (token === 'good') return BEN;
      if (token === 'often') return 'too_many_connections';
      return token === 'early' ? 'unavailable' : 'unauthenticated';
    },
    admit: (_identity, socket) => {
      seen.sockets.push(socket as ClientSocket<unknown> as ClientSocket<EventFrame>);
      return {
        onFrame: (frame) => seen.frames.push(frame as EventFrame),
        onClose: (reason) => {
          seen.closed += 1;
          seen.reason = reason;
        },
      };
    },
  };
  const port = Number(new URL(url).port);
  const createAdapter = new Server().adapter() ?? expect.unreachable();
  const admit: Admit = (identity, socket, beside) => {
    const taker = {
      ...door.admit(identity, socket, onlycare),
      userId: identity.userId,
      expiresAt: identity.expiresAt,
      isIdle: true,
      answered: async () => undefined,
      close: (reason: CloseReason) => {
        seen.told.push(reason);
        socket.close(reason);
      },
    };
    seen.takers.push(taker);
    seen.beside.push(beside);
    return taker;
  };
  const namespaces = new Map([
    ['/', admit],
    ['/chat', admit],
  ]);
  const handshakes = new Handshakes({ perAddress: HANDSHAKES, together: 0, trustedProxies: 0, onGivenUp: () => undefined });
  const roomsInForce = async (): Promise<void> => undefined;
  starting.use(
    startSocketIo({
      server,
      port,
      transports,
      allowedOrigins: [],
      createAdapter,
      roomsInForce,
      door,
      namespaces,
      handshakes,
      framesPerSecond: FRAMES_PER_SECOND,
    }),
  );
  const running = starting.move();

  /** A client that speaks the protocol by hand, packet by packet. */
  const open = async (...packets: string[]) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
    running.defer(() => client.terminate());
    const heard: string[] = [];
    client.on('message', (packet) => heard.push(String(packet)));
    await once(client, 'open');
    for (const packet of packets) client.send(packet);
    return { client, heard };
  };
  const letIn = async () => {
    const opened = await open(LET_ME_IN);
    await expect.poll(() => seen.sockets.length).toBe(1);
    return opened;
  };
  /** A client that is in twice: in calls, and then in chats. */
  const letInTwice = async () => {
    const opened = await letIn();
    opened.client.send(LET_ME_CHAT);
    await expect.poll(() => seen.sockets.length).toBe(2);
    return opened;
  };
  return { url, seen, writes, open, letIn, letInTwice, [Symbol.asyncDispose]: () => running.disposeAsync() };
};

it('who polls where only WebSockets may come in is told so', async () => {
  await using server = await startServer(['websocket']);
  const answer = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`);
  expect([answer.status, await answer.json()]).toEqual([400, { code: 0, message: 'Transport unknown' }]);
  await server.letIn();
});

describe('who asks for a namespace that there is not', () => {
  it('before being let in is closed, and hears nothing of it', async () => {
    await using server = await startServer();
    const { client, heard } = await server.open(`40/${'x'.repeat(60_000)},`);
    await closed(client);
    expect(heard.filter((packet) => packet.includes('xxx'))).toEqual([]);
  });

  it('after being let in has said something that cannot be read', async () => {
    await using server = await startServer();
    const { client } = await server.letIn();
    client.send('40/admin,');
    await expect.poll(() => server.seen.frames).toEqual([{ event: null, body: undefined }]);
  });
});

it('who asks again and again with a bad token is closed', async () => {
  await using server = await startServer();
  const { client, heard } = await server.open(...Array.from({ length: 100 }, () => '40{"token":"bad"}'));
  await closed(client);
  expect(heard.filter((packet) => packet.startsWith('44')).length).toBeLessThanOrEqual(10);
});

it.each(['early', 'often'])('who comes too %s is closed without a word, which makes the client come back', async (token) => {
  await using server = await startServer();
  const { client, heard } = await server.open(`40{"token":"${token}"}`);
  await closed(client);
  expect(heard.filter((packet) => packet.startsWith('4'))).toEqual([]);
});

describe('who is in one namespace', () => {
  it.each([
    ['early', 'unavailable'],
    ['often', 'too_many_connections'],
  ])('and comes too %s for another is refused that alone, by a packet that says when to come back', async (token, code) => {
    await using server = await startServer();
    const { client, heard } = await server.letIn();
    client.send(`40/chat,{"token":"${token}"}`);
    await expect.poll(() => heard.at(-1)).toMatch(/^44\/chat,/);
    const refused = JSON.parse((heard.at(-1) ?? '').slice('44/chat,'.length));
    expect(refused).toMatchObject({ data: { code, reconnect: true, reconnectInMs: expect.any(Number) } });
    client.send('42["still",{}]');
    await expect.poll(() => server.seen.frames.length).toBe(1);
    client.send(LET_ME_CHAT);
    await expect.poll(() => server.seen.sockets.length).toBe(2);
  });

  it('is let in though it comes too often for another at the same moment', async () => {
    await using server = await startServer();
    const { client, heard } = await server.open(LET_ME_IN, '40/chat,{"token":"often"}');
    await expect.poll(() => heard.at(-1)).toMatch(/^44\/chat,/);
    client.send('42["still",{}]');
    await expect.poll(() => server.seen.frames.length).toBe(1);
  });

  it('is let into another with whom it has there beside it', async () => {
    await using server = await startServer();
    await server.letInTwice();
    expect(server.seen.beside).toEqual([null, server.seen.takers[0]]);
  });

  it.each([
    ['has been renewed', { expiresAt: Number.POSITIVE_INFINITY }, /^40\/chat,/],
    ['has ended', { expiresAt: 0 }, /^44\/chat,.*"unauthenticated"/],
    ['has ended, and somebody else is in', { expiresAt: Number.POSITIVE_INFINITY, userId: 'ana' }, /^44\/chat,.*"unauthenticated"/],
  ])('and asks for another without a token is judged by its own: one that %s', async (_name, changes, answer) => {
    await using server = await startServer();
    const { client, heard } = await server.letIn();
    for (const taker of server.seen.takers) Object.assign(taker, changes);
    client.send('40/chat,');
    await expect.poll(() => heard.at(-1)).toMatch(answer);
  });
});

describe('of two namespaces on one connection', () => {
  it.each(['unavailable', 'too_many_connections'] as const)('one that is closed as %s goes alone, and the last with it', async (reason) => {
    await using server = await startServer();
    const { client, heard } = await server.letInTwice();
    server.seen.sockets[0]?.close(reason);
    await expect.poll(() => heard.at(-1)).toBe('41');
    client.send('42/chat,["still",{}]');
    await expect.poll(() => server.seen.frames.length).toBe(1);
    expect(server.seen.closed).toBe(1);
    server.seen.sockets[1]?.close(reason);
    await closed(client);
    expect(heard.filter((packet) => packet.startsWith('41/chat'))).toEqual([]);
  });

  it.each(['going_away', 'token_expired', 'too_slow', 'disconnected'] as const)('either that is closed as %s ends both', async (reason) => {
    await using server = await startServer();
    const { client } = await server.letInTwice();
    server.seen.sockets[1]?.close(reason);
    await closed(client);
    await expect.poll(() => server.seen.closed).toBe(2);
  });
});

it('who never reads is closed, whoever wrote', async () => {
  await using server = await startServer();
  const { client } = await server.letIn();
  client.pause();
  const frame = { event: 'x', body: 'x'.repeat(60_000) };
  for (let round = 0; round < 1000 && server.seen.closed === 0; round += 1) server.seen.sockets[0]?.write(frame);
  expect(server.seen.closed).toBe(1);
});

it('what nobody reads is counted', async () => {
  await using server = await startServer();
  const { client } = await server.letIn();
  client.pause();
  const [socket] = server.seen.sockets;
  await expect
    .poll(() => {
      socket?.write({ event: 'x', body: 'x'.repeat(1024 * 1024) });
      return socket?.queuedBytes();
    })
    .toBeGreaterThan(MAX_QUEUED_BYTES);
});

it('the answer to an upgrade and the first packet leave as one write', async () => {
  await using server = await startServer();
  await server.open();
  expect(server.writes).toEqual([2]);
});

it('a stop and its probe, and whatever else one turn writes, leave as one write', async () => {
  await using server = await startServer();
  const { heard } = await server.letIn();
  const [socket] = server.seen.sockets;
  await expect.poll(() => heard.length).toBe(2);
  server.writes.length = 0;
  socket?.write({ event: 'stop', body: {} });
  socket?.probe(() => undefined);
  socket?.write({ event: 'more', body: {} });
  await turn();
  expect(server.writes).toEqual([3]);
  await expect.poll(() => heard.slice(-3)).toEqual(['42["stop",{}]', PING, '42["more",{}]']);
});

it('who began with long polling and goes on over a WebSocket is told everything there, in order', async () => {
  await using server = await startServer();
  const polling = `${server.url}/socket.io/?EIO=4&transport=polling`;
  const { sid } = JSON.parse((await (await fetch(polling)).text()).slice(1));
  await fetch(`${polling}&sid=${sid}`, { method: 'POST', body: LET_ME_IN });
  await expect.poll(() => server.seen.sockets.length).toBe(1);
  const [socket] = server.seen.sockets;
  socket?.write({ event: 'polled', body: 1 });
  const polled = await (await fetch(`${polling}&sid=${sid}`)).text();
  expect(polled).toContain('42["polled",1]');
  const client = new WebSocket(`${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket&sid=${sid}`);
  const heard: string[] = [];
  client.on('message', (packet) => heard.push(String(packet)));
  await once(client, 'open');
  client.send('2probe');
  await expect.poll(() => heard).toEqual(['3probe']);
  client.send('5');
  socket?.write({ event: 'between', body: 2 });
  client.send('42["sign",{}]');
  await expect.poll(() => server.seen.frames.length).toBe(1);
  for (const event of ['a', 'b']) socket?.write({ event, body: {} });
  await expect.poll(() => heard.slice(1)).toEqual(['42["between",2]', '42["a",{}]', '42["b",{}]']);
  client.terminate();
});

describe('a probe', () => {
  it('is answered by the pong to its own ping, and by nothing before', async () => {
    await using server = await startServer();
    const { client, heard } = await server.letIn();
    const [socket] = server.seen.sockets;
    let signs = 0;
    expect(socket?.write({ event: 'stop', body: {} })).toBe(true);
    socket?.probe(() => {
      signs += 1;
    });
    await expect.poll(() => heard.slice(-2)).toEqual(['42["stop",{}]', PING]);
    client.send('42["call:accept",{}]');
    await expect.poll(() => server.seen.frames.length).toBe(1);
    expect(signs).toBe(0);
    client.send(PONG);
    client.send(PONG);
    await expect.poll(() => signs).toBe(1);
  });

  it('of a socket that has gone is never answered, and nothing is written to it', async () => {
    await using server = await startServer();
    const { client } = await server.letIn();
    client.close();
    await expect.poll(() => server.seen.closed).toBe(1);
    expect(server.seen.sockets[0]?.write({ event: 'stop', body: {} })).toBe(false);
    server.seen.sockets[0]?.probe(() => expect.unreachable());
  });
});

describe('a flood', () => {
  it.each([
    ['pings of the WebSocket', (client: WebSocket) => client.ping('p')],
    ['pongs of the WebSocket', (client: WebSocket) => client.pong('p')],
    ['pongs of the engine', (client: WebSocket) => client.send(PONG)],
    ['acknowledgements of nothing', (client: WebSocket) => client.send('437[]')],
  ])('of %s closes the connection', async (_name, send) => {
    await using server = await startServer();
    const { client } = await server.letIn();
    const flood = setInterval(() => {
      for (let sent = 0; sent < 10 && client.readyState === WebSocket.OPEN; sent += 1) send(client);
    }, 5);
    await closed(client);
    clearInterval(flood);
    await expect.poll(() => server.seen.closed).toBe(1);
    expect(server.seen.reason).toBe('flooding');
  });
});

describe('a frame that is too large', () => {
  const TOO_LARGE = `42["x","${'x'.repeat(70_000)}"]`;
  const LEFT = '41';

  it('closes the connection, for that reason, and the client is told so', async () => {
    await using server = await startServer();
    const { client, heard } = await server.letIn();
    client.send(TOO_LARGE);
    expect(await closed(client)).toBe(4509);
    await expect.poll(() => server.seen.closed).toBe(1);
    expect([server.seen.reason, server.seen.told, heard.at(-1)]).toEqual(['frame_too_large', ['frame_too_large'], LEFT]);
  });

  it('closes the connection of who is not let in yet', async () => {
    await using server = await startServer();
    const { client } = await server.open(TOO_LARGE);
    expect(await closed(client)).toBe(4509);
  });

  it('does so with long polling too, whose client would come back for a refused request', async () => {
    await using server = await startServer();
    const polling = `${server.url}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await (await fetch(polling)).text()).slice(1));
    const post = (body: string) => fetch(`${polling}&sid=${sid}`, { method: 'POST', body });
    await post(LET_ME_IN);
    await expect.poll(() => server.seen.sockets.length).toBe(1);
    await (await fetch(`${polling}&sid=${sid}`)).text();
    const polled = fetch(`${polling}&sid=${sid}`);
    expect((await post(TOO_LARGE)).status).toBe(200);
    expect((await (await polled).text()).split('\x1e')[0]).toBe(LEFT);
    expect([server.seen.closed, server.seen.reason, server.seen.told]).toEqual([1, 'frame_too_large', ['frame_too_large']]);
  });

  it('is refused where nobody began to poll', async () => {
    await using server = await startServer();
    const polling = `${server.url}/socket.io/?EIO=4&transport=polling&sid=__proto__`;
    expect((await fetch(polling, { method: 'POST', body: TOO_LARGE })).status).toBe(400);
  });
});

it('so many of one address may connect without signing in; for one more the oldest is given up, and nobody who signed in', async () => {
  await using server = await startServer();
  const first = await server.letIn();
  const silent = [await server.open(), await server.open(), await server.open()];
  await server.open();
  await expect.poll(() => silent.map(({ client }) => client.readyState)).toEqual([WebSocket.CLOSED, WebSocket.OPEN, WebSocket.OPEN]);
  expect(first.client.readyState).toBe(WebSocket.OPEN);
});

it('sessions of long polling that are left are given up too', async () => {
  await using server = await startServer();
  const poll = async () => (await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`)).text();
  const sessions: string[] = [];
  for (let count = 0; count < 5; count += 1) sessions.push(JSON.parse((await poll()).slice(1)).sid);
  const isKnown = async (sid: string): Promise<boolean> => {
    const response = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`, { method: 'POST', body: '3' });
    return response.status === 200;
  };
  expect(await Promise.all(sessions.map(isKnown))).toEqual([false, false, true, true, true]);
});
