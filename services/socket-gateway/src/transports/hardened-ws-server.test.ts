import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { startHttpServer } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { closed } from '../../test/closed.ts';
import { watchWrites } from '../../test/watch-writes.ts';
import { HardenedWebSocketServer } from './hardened-ws-server.ts';

const streamOf = (client: WebSocket): Socket => (client as unknown as { _socket: Socket })._socket;

/** A client and the server's end of its connection, and the writes of that end since it opened. */
const connect = async () => {
  await using starting = new AsyncDisposableStack();
  const http = starting.use(await startHttpServer((_request, response) => void response.end(), { port: 0, host: '127.0.0.1' }));
  const writes = watchWrites(http.server);
  const server = new HardenedWebSocketServer({ server: http.server, framesPerSecond: 100 });
  const client = new WebSocket(http.url.replace('http', 'ws'));
  starting.defer(() => client.terminate());
  const heard: string[] = [];
  client.on('message', (text) => heard.push(String(text)));
  client.on('ping', (text) => heard.push(`ping ${text}`));
  const [[socket]] = (await Promise.all([once(server, 'connection'), once(client, 'open')])) as [[WebSocket], unknown];
  await turn();
  writes.length = 0;
  const running = starting.move();
  return { socket, client, heard, writes, [Symbol.asyncDispose]: () => running.disposeAsync() };
};

it('a frame that is alone leaves in the turn that wrote it, as one write of one piece', async () => {
  await using connection = await connect();
  const { socket, heard, writes } = connection;
  socket.send('a'.repeat(300));
  await turn();
  expect(writes).toEqual([1]);
  await expect.poll(() => heard).toEqual(['a'.repeat(300)]);
});

it('frames and pings of one turn leave as one write, in their order', async () => {
  await using connection = await connect();
  const { socket, heard, writes } = connection;
  socket.send('a');
  socket.ping('1');
  socket.send('b');
  await turn();
  expect(writes).toEqual([3]);
  await expect.poll(() => heard).toEqual(['a', 'ping 1', 'b']);
});

it('what waits for the end of the turn counts as not yet written', async () => {
  await using connection = await connect();
  connection.socket.send('a'.repeat(300));
  expect(connection.socket.bufferedAmount).toBe(304);
});

it('frames of the same turn go before the close', async () => {
  await using connection = await connect();
  const { socket, client, heard } = connection;
  socket.send('last words');
  socket.close(4001, 'going_away');
  expect(await closed(client)).toBe(4001);
  expect(heard).toEqual(['last words']);
});

it('who writes is called back at once, but for a client that does not keep up', async () => {
  await using connection = await connect();
  const { socket, client } = connection;
  const called: string[] = [];
  client.pause();
  socket.send('a', () => called.push('a'));
  socket.send('b'.repeat(4 * 1024 * 1024));
  socket.send('c', () => called.push('c'));
  await turn();
  expect(called).toEqual(['a']);
  client.resume();
  await expect.poll(() => called).toEqual(['a', 'c']);
});

it('who writes after the close is told that it was in vain', async () => {
  await using connection = await connect();
  const { socket } = connection;
  socket.close();
  const failed = await new Promise((resolve) => void socket.send('late', resolve));
  expect(String(failed)).toContain('WebSocket is not open');
});

it('bytes are sent as they are', async () => {
  await using connection = await connect();
  const heard = once(connection.client, 'message');
  connection.socket.send(Buffer.from([1, 2]));
  expect(await heard).toEqual([Buffer.from([1, 2]), true]);
});

it('of the pings that come together the first sixteen and the last are answered, in one write', async () => {
  await using connection = await connect();
  const { client, writes } = connection;
  const pongs: string[] = [];
  client.on('pong', (payload) => pongs.push(String(payload)));
  const stream = streamOf(client);
  stream.cork();
  for (let ping = 1; ping <= 40; ping += 1) client.ping(`${ping}`);
  stream.uncork();
  const answered = [...Array.from({ length: 16 }, (_, index) => `${index + 1}`), '40'];
  await expect.poll(() => pongs).toEqual(answered);
  expect(writes).toEqual([17]);
  client.ping('once more');
  await expect.poll(() => pongs).toEqual([...answered, 'once more']);
});

it.each(['ping', 'pong'] as const)(
  'who sends a %s fifty times a second floods with one more, and what came with it is not even read',
  async (kind) => {
    await using connection = await connect();
    const { socket, client } = connection;
    const seen = { heard: 0, floods: 0 };
    socket.on('flood', () => {
      seen.floods += 1;
    });
    socket.on(kind, () => {
      seen.heard += 1;
    });
    for (let count = 0; count < 50; count += 1) client[kind]();
    await expect.poll(() => seen).toEqual({ heard: 50, floods: 0 });
    const stream = streamOf(client);
    stream.cork();
    for (let count = 0; count < 200; count += 1) client[kind]();
    stream.uncork();
    await expect.poll(() => seen.floods).toBe(1);
    expect(seen.heard).toBeLessThan(250);
  },
);
