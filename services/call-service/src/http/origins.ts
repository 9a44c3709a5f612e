import { refusal } from '@trunkline/contract';
import type { Request, RequestHandler } from 'express';
import type { Refuse } from './authenticate.ts';
import { refuseWith } from './envelope.ts';

const METHODS = 'GET, POST, PUT, PATCH, DELETE';
const HEADERS = 'authorization, content-type, idempotency-key';
const SHOWN_HEADERS = 'retry-after, x-error-code';
const PREFLIGHT_SECONDS = '600';

/**
 * Whether a browser says that the page is of the origin it asks (Fetch Metadata), which no page can say for it. It does so over TLS and to
 * this machine alone, so another's name that leads here is never ours; `Host` would say so (DNS rebinding).
 */
const isOfSameOrigin = (request: Request): boolean => request.get('sec-fetch-site') === 'same-origin';

/**
 * Lets pages of the allowed origins in, compared as a whole (Fetch standard, CORS protocol), and those of the origin that is asked, as
 * `/docs`; refuses pages of any other. Apps that are no pages send no `Origin`.
 */
export const checkOrigin = (allowedOrigins: readonly string[], refuse: Refuse = refuseWith): RequestHandler => {
  const allowed = new Set(allowedOrigins);
  return (request, response, next) => {
    const origin = request.get('origin');
    if (origin === undefined || isOfSameOrigin(request)) return next();
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
