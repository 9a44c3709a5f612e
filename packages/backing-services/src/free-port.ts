import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { ServerStartError } from './server-process.ts';

const ATTEMPTS = 5;

/** A port of 127.0.0.1 that nothing listened on a moment ago. */
export const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
};

/** Starts a server on the port asked for, else on a free one, and on another when somebody was faster. */
export const onPort = async <Server>(asked: number | undefined, start: (port: number) => Promise<Server>): Promise<Server> => {
  if (asked !== undefined) return start(asked);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof ServerStartError && error.portTaken)) throw error;
    }
  }
};
