import { type ErrorCode, refusal } from '@trunkline/contract';
import { answerHealth, type Logger, type ReadinessChecks } from '@trunkline/service-kit';
import express, { type ErrorRequestHandler, type Express, type Request, type Router } from 'express';
import type { Refuse } from './authenticate.ts';
import { refuseWith } from './envelope.ts';
import { refusePlainly } from './plain.ts';

export interface AppOptions {
  readiness: ReadinessChecks;
  logger: Logger;
  routes: readonly Router[];
}

const codeFor = (error: unknown): ErrorCode => {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : 500;
  return typeof status === 'number' && status >= 400 && status < 500 ? 'parse_error' : 'service_error';
};

/** Each part of the API in its own words. */
const refuseFor = ({ path }: Request): Refuse => (path.startsWith('/v1/') ? refusePlainly : refuseWith);

/** A bug is logged once with its cause and never shown (the catalogue's `service_error`). */
const answerError =
  (logger: Logger): ErrorRequestHandler =>
  (error: unknown, request, response, next) => {
    const code = codeFor(error);
    if (code === 'service_error') logger.error({ err: error, route: request.path }, 'a request failed');
    if (response.headersSent) return next(error);
    refuseFor(request)(response, refusal(code));
  };

export const createApp = ({ readiness, logger, routes }: AppOptions): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(async (request, response, next) => {
    if (!(await answerHealth(request, response, readiness))) next();
  });
  for (const router of routes) app.use(router);
  app.use((request, response) => {
    const message = 'There is nothing here';
    const isPlain = refuseFor(request) === refusePlainly;
    response.status(404).json(isPlain ? { error: { code: 'parse_error', message } } : { success: false, message, data: null });
  });
  app.use(answerError(logger));
  return app;
};
