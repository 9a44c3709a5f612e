import type { Request, RequestHandler } from 'express';
import type { CallServiceMetrics } from './call-service-metrics.ts';

/** The route as the code names it, with `:callId` for any call: what a client asked for is no label. */
const routeOf = (request: Request): string => {
  const path: unknown = request.route?.path;
  return typeof path === 'string' ? path : 'none';
};

/** Counts every request by its route once it is answered. */
export const countRequests =
  ({ httpRequests, httpRequestSeconds }: Pick<CallServiceMetrics, 'httpRequests' | 'httpRequestSeconds'>): RequestHandler =>
  (request, response, next) => {
    const arrivedAt = performance.now();
    response.once('finish', () => {
      const route = routeOf(request);
      httpRequests.inc({ method: request.method, route, status: String(response.statusCode) });
      httpRequestSeconds.observe({ route }, (performance.now() - arrivedAt) / 1000);
    });
    next();
  };
