import type { RequestListener, Server } from 'node:http';
import { answerHealth, type ReadinessChecks } from '@trunkline/service-kit';

/** Answers the health checks, and 404 for whatever no transport has taken. */
export const createRequestListener =
  (checks: ReadinessChecks): RequestListener =>
  (request, response) =>
    void answerHealth(request, response, checks).then((isAnswered) => {
      if (isAnswered) return;
      response.writeHead(404, { 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify({ status: 'not found' }));
    });

/** Node leaves an upgrade that nobody takes open for ever. */
export const refuseOtherUpgrades = (server: Server, paths: readonly string[]): void => {
  server.on('upgrade', (request, socket) => {
    if (paths.some((path) => request.url?.startsWith(path))) return;
    socket.on('error', () => socket.destroy());
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', () => socket.destroy());
  });
};
