import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface RedisRelay extends AsyncDisposable {
  /** Where Redis is for those that go through the relay. */
  readonly url: string;
  open(): Promise<void>;
  /** Refuses new connections and resets the ones there are, as a Redis that goes away. */
  close(): Promise<void>;
}

/** A TCP relay to the Redis at `target`: closed at first, and always on the same port. */
export const createRedisRelay = async (target: string): Promise<RedisRelay> => {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const hold = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    const far = connect(Number(port || 6379), hostname);
    hold(near);
    hold(far);
    near.pipe(far).pipe(near);
  });

  const listen = async (at: number): Promise<number> => {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    for (const socket of sockets) socket.resetAndDestroy();
    await once(server, 'close');
  };

  const reserved = await listen(0);
  await close();
  const url = new URL(target);
  url.host = `127.0.0.1:${reserved}`;
  return {
    url: url.href,
    open: async () => {
      await listen(reserved);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
