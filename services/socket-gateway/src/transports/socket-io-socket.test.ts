import type { Socket } from 'socket.io';
import { expect, it, vi } from 'vitest';
import { SocketIoSocket } from './socket-io-socket.ts';

const LONG_MS = 60_000;

/** A socket of `/chat`, whose rooms come into force when the test says so. */
const connect = () => {
  const entered: string[] = [];
  const rooms = new Map<string, PromiseWithResolvers<void>>();
  const inForceOf = (room: string): PromiseWithResolvers<void> => {
    const known = rooms.get(room) ?? Promise.withResolvers<void>();
    rooms.set(room, known);
    return known;
  };
  const socket = { connected: true, nsp: { name: '/chat' }, join: () => undefined } as unknown as Socket;
  const inChat = new SocketIoSocket(socket, (namespace, room) => {
    expect(namespace).toBe('/chat');
    return inForceOf(room).promise;
  });
  const begin = (room: string): Promise<number> => inChat.enter(room).then(() => entered.push(room));
  return { begin, entered, comesIntoForce: (room: string) => inForceOf(room).resolve() };
};

it('a room is entered when it is in force, whatever the others are', async () => {
  const [ana, ben] = [connect(), connect()];
  void ben.begin('b');
  const entering = ana.begin('a');
  await Promise.resolve();
  expect(ana.entered).toEqual([]);
  ana.comesIntoForce('a');
  await entering;
  expect([ana.entered, ben.entered]).toEqual([['a'], []]);
});

it('a socket that waited in vain once waits for nothing more, until that room is in force', async () => {
  vi.useFakeTimers();
  try {
    const { begin, entered, comesIntoForce } = connect();
    const first = begin('refused');
    await vi.advanceTimersByTimeAsync(LONG_MS);
    await first;
    await Promise.all(Array.from({ length: 11 }, (_, index) => begin(`next ${index}`)));
    expect(entered).toHaveLength(12);
    comesIntoForce('refused');
    const last = begin('last');
    await vi.advanceTimersByTimeAsync(0);
    expect(entered).toHaveLength(12);
    comesIntoForce('last');
    await last;
  } finally {
    vi.useRealTimers();
  }
});
