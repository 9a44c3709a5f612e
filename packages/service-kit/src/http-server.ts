import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ListeningServer extends AsyncDisposable {
  readonly server: Server;
  /** `http://127.0.0.1:<port>`, with the port that was really taken. */
  readonly url: string;
}

/** Listens on all addresses, or on `host`. Disposing stops accepting, lets what is under way finish, then closes. */
export const startHttpServer = async (
  listener: RequestListener,
  { port, host }: { port: number; host?: string | undefined },
): Promise<ListeningServer> => {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 65_000, maxHeaderSize: 16_384 }, listener);
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
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
};
