import { refusal } from '@trunkline/contract';
import type { RequestHandler } from 'express';
import type { Refuse } from './authenticate.ts';
import { refuseWith } from './envelope.ts';

const METHODS = 'GET, POST, PUT, PATCH, DELETE';
const HEADERS = 'authorization, content-type, idempotency-key';
const SHOWN_HEADERS = 'retry-after, x-error-code';
const PREFLIGHT_SECONDS = '600';

/**
 * Lets pages of the allowed origins in, compared as a whole (Fetch standard, CORS protocol); refuses pages of any
 * other. Apps that are no pages send no `Origin`.
 */
export const checkOrigin = (allowedOrigins: readonly string[], refuse: Refuse = refuseWith): RequestHandler => {
  const allowed = new Set(allowedOrigins);
  return (request, response, next) => {
    const origin = request.get('origin');
    if (origin === undefined) return next();
    response.vary('origin');
    if (!allowed.has(origin)) return refuse(response, refusal('unauthorized', { message: 'This origin is not allowed' }));
    response.set({ 'access-control-allow-origin': origin, 'access-control-expose-headers': SHOWN_HEADERS });
    if (request.method !== 'OPTIONS') return next();
    response.set({
      'access-control-allow-methods': METHODS,
      'access-control-allow-headers': HEADERS,
      'access-control-max-age': PREFLIGHT_SECONDS,
    });
    response.status(204).end();
  };
};
