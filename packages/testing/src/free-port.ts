import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below the ports that systems give to who asks for any, to listen or to connect: 32768 and above, or 49152. */
const FIRST_PORT = 20_000;
const PORTS = 6000;

/** Null: it is taken. */
const listenAt = async (port: number): Promise<Server | null> => {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return server;
  } catch {
    return null;
  }
};

const close = async (server: Server): Promise<void> => {
  await once(server.close(), 'close');
};

/**
 * A port of 127.0.0.1 on which nothing listens, and which no other process gets from here as long as this one lives:
 * a port further up that stands for it is kept busy.
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = FIRST_PORT + randomInt(PORTS);
    const claim = await listenAt(port + PORTS);
    if (claim === null) continue;
    claim.unref();
    const probe = await listenAt(port);
    if (probe === null) await close(claim);
    else {
      await close(probe);
      return port;
    }
  }
};
