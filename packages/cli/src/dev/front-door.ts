import { request as httpRequest, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { startHttpServer } from '@trunkline/service-kit';
import type { DevDoor } from './dev-door.ts';
import { endToEndHeaders, requestHeaders, upgradeRequestText } from './forwarded-headers.ts';
import { createRoutes, type FrontDoorPorts } from './front-door-routes.ts';

const CONNECT_WITHIN_MS = 2000;

/** How the door itself answers: no service took the connection, or none is to have it. */
const OWN_ANSWERS = {
  502: { code: 'service_error', message: 'The service behind the front door does not answer' },
  404: { code: 'not_found', message: 'There is nothing here' },
} as const;
type OwnStatus = keyof typeof OWN_ANSWERS;
const JSON_TYPE = 'application/json; charset=utf-8';

const bodyOf = (status: OwnStatus): string => JSON.stringify({ error: OWN_ANSWERS[status] });

const connectTo = (port: number): Promise<Socket | null> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, timeout: CONNECT_WITHIN_MS });
    const giveUp = (): void => {
      socket.destroy();
      resolve(null);
    };
    socket.once('timeout', giveUp);
    // It stays: a socket that breaks later is seen by its `close`, and must not be an uncaught error.
    socket.on('error', giveUp);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('timeout', giveUp);
      resolve(socket);
    });
  });

/** The first that takes the connection, or null. Nothing was sent yet, so trying the next repeats nothing. */
const connectToFirst = async (ports: readonly number[]): Promise<Socket | null> => {
  for (const port of ports) {
    const socket = await connectTo(port);
    if (socket !== null) return socket;
  }
  return null;
};

const answerItself = (response: ServerResponse, status: OwnStatus): void => {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-type': JSON_TYPE, 'cache-control': 'no-store' }).end(bodyOf(status));
};

const forward = async (request: IncomingMessage, response: ServerResponse, ports: readonly number[]): Promise<void> => {
  if (ports.length === 0) return answerItself(response, 404);
  const socket = await connectToFirst(ports);
  if (socket === null) return answerItself(response, 502);
  if (response.destroyed) return void socket.destroy();
  const { method, url } = request;
  const upstream = httpRequest({ createConnection: () => socket, method, path: url, headers: requestHeaders(request) });
  upstream.on('response', (answer) => {
    response.writeHead(answer.statusCode as number, answer.statusMessage, endToEndHeaders(answer.rawHeaders));
    pipeline(answer, response, () => {});
  });
  upstream.on('error', () => answerItself(response, 502));
  response.on('close', () => upstream.destroy());
  request.pipe(upstream);
};

const refuseTunnel = (client: Duplex, status: OwnStatus): void => {
  const body = bodyOf(status);
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status]}`;
  const headers = [line, `Content-Type: ${JSON_TYPE}`, `Content-Length: ${body.length}`, 'Connection: close'];
  client.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
};

/** From the request on, bytes go both ways as they come; either end takes the other along. */
const tunnel = async (request: IncomingMessage, client: Duplex, head: Buffer, ports: readonly number[]): Promise<void> => {
  client.on('error', () => client.destroy());
  if (ports.length === 0) return refuseTunnel(client, 404);
  const upstream = await connectToFirst(ports);
  if (upstream === null) return refuseTunnel(client, 502);
  if (client.destroyed) return void upstream.destroy();
  upstream.write(upgradeRequestText(request));
  upstream.write(head);
  client.pipe(upstream).pipe(client);
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroy());
};

/** One address for everything, as an ingress gives in production: sockets go to the gateways, what is for inside to nobody, the rest to a call-service. */
export const startFrontDoor = async (
  { port, ...ports }: FrontDoorPorts & { port: number },
  devDoor: DevDoor = () => false,
): Promise<{ url: string } & AsyncDisposable> => {
  const routes = createRoutes(ports);
  const tunnels = new Set<Duplex>();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (!devDoor(request, response)) void forward(request, response, routes(request.url ?? '/'));
  };
  const listening = await startHttpServer(answer, { port });
  listening.server.on('upgrade', (request, client: Duplex, head: Buffer) => {
    tunnels.add(client);
    client.once('close', () => tunnels.delete(client));
    void tunnel(request, client, head, routes(request.url ?? '/'));
  });
  return {
    url: listening.url,
    [Symbol.asyncDispose]: async () => {
      for (const client of tunnels) client.destroy();
      const closed = listening[Symbol.asyncDispose]();
      listening.server.closeAllConnections();
      await closed;
    },
  };
};
