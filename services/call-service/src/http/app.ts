import { ERRORS, type ErrorCode, refusal } from '@trunkline/contract';
import { answerHealth, answerMetrics, type Logger, type Metrics, type ReadinessChecks } from '@trunkline/service-kit';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler, type Response } from 'express';
import { callOfError } from '../calls/decider.ts';
import type { CALL_SERVICE_METRICS } from '../metrics/call-service-metrics.ts';
import { countRequests } from '../metrics/count-requests.ts';
import { refuseWith } from './envelope.ts';
import { refusePlainly } from './plain.ts';

export interface AppOptions {
  readiness: ReadinessChecks;
  misses: ReadinessChecks;
  logger: Logger;
  routes: readonly RequestHandler[];
  metrics: Metrics<typeof CALL_SERVICE_METRICS>;
}

const codeFor = (error: unknown): ErrorCode => {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : 500;
  return typeof status === 'number' && status >= 400 && status < 500 ? 'parse_error' : 'service_error';
};

/** Under `/v1` an error is the bare object; elsewhere it comes in an envelope. */
const refuse = (request: Request, response: Response, code: ErrorCode, message: string): void => {
  const isPlain = /^\/v1\//i.test(request.path);
  (isPlain ? refusePlainly : refuseWith)(response, refusal(code, { message }));
};

/** The call that a path names. */
const callIn = (path: string): { callId?: string } => {
  const callId = /\/calls\/([\w-]{1,64})/.exec(path)?.[1];
  return callId === undefined ? {} : { callId };
};

/** A bug is logged once with its cause and never shown (the catalogue's `service_error`). */
const answerError =
  (logger: Logger): ErrorRequestHandler =>
  (error: unknown, request, response, next) => {
    const code = codeFor(error);
    if (code === 'service_error')
      logger.error({ err: error, route: request.path, ...callIn(request.path), ...callOfError(error) }, 'a request failed');
    if (response.headersSent) return next(error);
    refuse(request, response, code, ERRORS[code].message);
  };

export const createApp = ({ readiness, misses, logger, routes, metrics }: AppOptions): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(async (request, response, next) => {
    if (await answerHealth(request, response, readiness, misses)) return;
    if (!(await answerMetrics(request, response, metrics))) next();
  });
  app.use(countRequests(metrics.of));
  for (const router of routes) app.use(router);
  app.use((request, response) => refuse(request, response, 'not_found', 'There is nothing here'));
  app.use(answerError(logger));
  return app;
};
