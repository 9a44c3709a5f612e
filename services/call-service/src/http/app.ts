import { ERRORS, type ErrorCode, refusal } from '@trunkline/contract';
import { answerHealth, answerMetrics, type Logger, type Metrics, type ReadinessChecks } from '@trunkline/service-kit';
import express, { type ErrorRequestHandler, type Express, type Router } from 'express';
import type { CALL_SERVICE_METRICS } from '../metrics/call-service-metrics.ts';
import { countRequests } from '../metrics/count-requests.ts';

export interface AppOptions {
  readiness: ReadinessChecks;
  logger: Logger;
  routes: readonly Router[];
  metrics: Metrics<typeof CALL_SERVICE_METRICS>;
}

const codeFor = (error: unknown): ErrorCode => {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : 500;
  return typeof status === 'number' && status >= 400 && status < 500 ? 'parse_error' : 'service_error';
};

/** A bug is logged once with its cause and never shown (the catalogue's `service_error`). */
const answerError =
  (logger: Logger): ErrorRequestHandler =>
  (error: unknown, request, response, next) => {
    const code = codeFor(error);
    if (code === 'service_error') logger.error({ err: error, route: request.path }, 'a request failed');
    if (response.headersSent) return next(error);
    response
      .status(ERRORS[code].http)
      .set('x-error-code', code)
      .json({ success: false, message: refusal(code).message, data: null });
  };

export const createApp = ({ readiness, logger, routes, metrics }: AppOptions): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(async (request, response, next) => {
    if (await answerHealth(request, response, readiness)) return;
    if (!(await answerMetrics(request, response, metrics))) next();
  });
  app.use(countRequests(metrics.of));
  for (const router of routes) app.use(router);
  app.use((_request, response) => void response.status(404).json({ success: false, message: 'There is nothing here', data: null }));
  app.use(answerError(logger));
  return app;
};
