import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpRelay extends AsyncDisposable {
  /** The target's address for those that go through the relay. */
  readonly url: string;
  /** How many connections were ever made. */
  readonly connections: number;
  /** From now on the connections there are, and new ones, stay open and carry nothing. */
  swallow(): void;
  /** The connections there are carry requests, and no answers any more. */
  loseAnswers(): void;
  /** Breaks the connections there are, and from now on new ones too. */
  refuse(): void;
  /** New connections carry again; those that were swallowed stay dead. */
  pass(): void;
}

/** A TCP relay to the server of a URL, whose connections can be made half-open. */
export const startTcpRelay = async (target: string): Promise<TcpRelay> => {
  const { hostname, port } = new URL(target);
  const pairs = new Set<readonly [Socket, Socket]>();
  let connections = 0;
  let isSwallowing = false;
  let isRefusing = false;

  const cut = (pair: readonly [Socket, Socket]): void => {
    for (const socket of pair) socket.unpipe().pause();
  };
  const server = createServer((near) => {
    connections += 1;
    if (isRefusing) {
      near.destroy();
      return;
    }
    const pair = [near, connect(Number(port), hostname)] as const;
    const [, far] = pair;
    pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        pairs.delete(pair);
        for (const either of pair) either.destroy();
      });
    }
    near.pipe(far).pipe(near);
    if (isSwallowing) cut(pair);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url: url.href,
    get connections() {
      return connections;
    },
    swallow: () => {
      isSwallowing = true;
      for (const pair of pairs) cut(pair);
    },
    loseAnswers: () => {
      for (const [near, far] of pairs) far.unpipe(near).resume();
    },
    refuse: () => {
      isRefusing = true;
      for (const [near] of pairs) near.destroy();
    },
    pass: () => {
      isSwallowing = false;
      isRefusing = false;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const [near] of pairs) near.destroy();
    },
  };
};
