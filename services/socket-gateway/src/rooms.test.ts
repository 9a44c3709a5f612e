import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startSharedRooms } from './rooms.ts';

const ANSWERS: readonly (readonly [RegExp, string])[] = [
  [/\r\nhello\r\n/i, '%1\r\n+server\r\n+redis\r\n'],
  [/\r\ninfo\r\n/i, '$22\r\nredis_version:7.0.15\r\n\r\n'],
  [/\r\nssubscribe\r\n/i, ''],
];
const REFUSED = '-ERR refused\r\n';

/** Answers like a Redis that is ready, and leaves who subscribes without an answer. */
const startUnheardRedis = async () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      for (const command of String(bytes).split(/(?=^\*\d+\r\n)/m))
        socket.write(ANSWERS.find(([asked]) => asked.test(command))?.[1] ?? REFUSED);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
};

const NOBODY_LISTENS = 'redis://127.0.0.1:1';

/** Rooms of `/chat`, one of which has a session in it, and whether who enters a room waits. */
const enter = (redisUrl: string) => {
  const rooms = startSharedRooms({ redisUrl, prefix: 'test', onError: () => undefined });
  const adapter = rooms.createAdapter({ name: '/chat', server: { encoder: null } });
  return {
    rooms,
    begin: (): void => void adapter.addAll('a session', new Set(['a room'])),
    waits: (room: string) => Promise.race([rooms.inForce('/chat', room).then(() => false), turn(true)]),
    [Symbol.asyncDispose]: () => rooms[Symbol.asyncDispose](),
  };
};

it('a room is waited for until Redis has taken it, and no other is', async () => {
  using redis = await startUnheardRedis();
  await using entered = enter(redis.url);
  await expect.poll(() => entered.rooms.isConnected()).toBe(true);
  entered.begin();
  expect([await entered.waits('a room'), await entered.waits('another room')]).toEqual([true, false]);
});

it('a room is not waited for while Redis is away', async () => {
  await using entered = enter(NOBODY_LISTENS);
  entered.begin();
  expect(await entered.waits('a room')).toBe(false);
});
