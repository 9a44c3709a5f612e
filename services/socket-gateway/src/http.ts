import type { RequestListener, Server } from 'node:http';
import { answerHealth, type ReadinessChecks } from '@trunkline/service-kit';
import { refuseUpgrade } from './transports/refuse-upgrade.ts';
import type { Transport } from './transports/transport.ts';

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
export const refuseOtherUpgrades = (server: Server, transports: readonly Transport[]): void => {
  server.on('upgrade', ({ url = '' }, socket) => {
    if (!transports.some((transport) => transport.owns(url))) refuseUpgrade(socket, 404);
  });
};
