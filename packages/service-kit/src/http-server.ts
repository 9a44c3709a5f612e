import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpServerOptions {
  port: number;
  /** The address to listen on; all of them where there is none. */
  host?: string | undefined;
  /** Which upgrades are taken; the others are requests like any, as HTTP says of an `Upgrade` that a server does not know. */
  takesUpgrade?: (request: IncomingMessage) => boolean;
}

export interface ListeningServer extends AsyncDisposable {
  readonly server: Server;
  /** `http://127.0.0.1:<port>`, with the port that was really taken. */
  readonly url: string;
}

const TIMES_AND_SIZES = {
  requestTimeout: 10_000,
  headersTimeout: 5_000,
  keepAliveTimeout: 65_000,
  // Node looks every 30 seconds whether somebody is past these: that would be their least.
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16_384,
};

const FINISH_WITHIN_MS = 5000;

/** Stops accepting, lets what is under way finish, and has each kept connection end with its next answer. */
const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), FINISH_WITHIN_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.prependListener('request', (_request, response) => void response.setHeader('connection', 'close'));
    server.closeIdleConnections();
  });

/** Listens on all addresses, or on `host`. Disposing stops accepting, gives what is under way five seconds to finish, then closes. */
export const startHttpServer = async (
  listener: RequestListener,
  { port, host, takesUpgrade }: HttpServerOptions,
): Promise<ListeningServer> => {
  const server = createServer({ ...TIMES_AND_SIZES, shouldUpgradeCallback: takesUpgrade }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    server,
    url: `http://127.0.0.1:${taken}`,
    [Symbol.asyncDispose]: () => closeServer(server),
  };
};
