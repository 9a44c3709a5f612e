import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { INTERNAL_PATHS, LinkRequest } from '@trunkline/contract';
import { type WebSocket, WebSocketServer } from 'ws';

export interface LinkStandInOptions {
  /** Told of every request that comes over a link. */
  onRequest(request: LinkRequest, link: WebSocket): void;
  /** What plain requests are answered. */
  listener?: RequestListener;
  /** The status that upgrades are refused with; none: they are taken. */
  refuseWith?: number;
}

export interface LinkStandIn extends AsyncDisposable {
  readonly url: string;
  readonly links: readonly WebSocket[];
  /** What the upgrades asked for. */
  readonly upgrades: readonly IncomingMessage[];
}

export const answer = (link: WebSocket, { id, body }: Pick<LinkRequest, 'id'> & { body: unknown }, status = 200): void =>
  link.send(JSON.stringify({ id, status, body }));

/** The gateways' end of call-service, over links. */
export const serveLinks = async ({ onRequest, listener, refuseWith }: LinkStandInOptions): Promise<LinkStandIn> => {
  const links: WebSocket[] = [];
  const upgrades: IncomingMessage[] = [];
  const webSockets = new WebSocketServer({ noServer: true });
  const server = createServer(listener ?? ((_request, response) => void response.writeHead(404).end()));
  server.on('upgrade', (request, stream, head) => {
    upgrades.push(request);
    if (request.url !== INTERNAL_PATHS.link || refuseWith !== undefined)
      return void stream.end(`HTTP/1.1 ${refuseWith ?? 404} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    webSockets.handleUpgrade(request, stream, head, (link) => {
      links.push(link);
      link.on('error', () => undefined);
      link.on('message', (received) => onRequest(LinkRequest.parse(JSON.parse(String(received))), link));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    links,
    upgrades,
    async [Symbol.asyncDispose]() {
      for (const link of links) link.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
