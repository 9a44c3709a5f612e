import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { answerHealth, answerMetrics, type Metrics, type MetricTable, type ReadinessChecks, refuseUpgrade } from '@trunkline/service-kit';
import type { Transport } from './transports/transport.ts';

/** Answers the health checks and `/metrics`, and 404 for whatever no transport has taken. */
export const createRequestListener = (checks: ReadinessChecks, metrics: Pick<Metrics<MetricTable>, 'text'>): RequestListener => {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if ((await answerHealth(request, response, checks)) || (await answerMetrics(request, response, metrics))) return;
    response.writeHead(404, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify({ status: 'not found' }));
  };
  return (request, response) => void answer(request, response);
};

/** Node leaves an upgrade that nobody takes open for ever. */
export const refuseOtherUpgrades = (server: Server, transports: readonly Transport[]): void => {
  server.on('upgrade', ({ url = '' }, socket) => {
    if (!transports.some((transport) => transport.owns(url))) refuseUpgrade(socket, 404);
  });
};
