import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface HeardRequest {
  at: number;
  method: string | undefined;
  path: string | undefined;
  authorization: string | undefined;
  body: string;
}

export interface InternalDoor extends AsyncDisposable {
  readonly url: string;
  readonly heard: readonly HeardRequest[];
}

/** Listens where the notifier expects a call-service, writes down what is asked and answers with a status; null never answers. */
export const openInternalDoor = async (answer: number | null | (() => number | null)): Promise<InternalDoor> => {
  const heard: HeardRequest[] = [];
  const hear = async (request: IncomingMessage): Promise<void> => {
    const { method, url: path, headers } = request;
    heard.push({ at: Date.now(), method, path, authorization: headers.authorization, body: await text(request) });
  };
  const server = createServer((request, response) => {
    void hear(request).then(() => {
      const status = typeof answer === 'function' ? answer() : answer;
      if (status !== null) response.writeHead(status).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
