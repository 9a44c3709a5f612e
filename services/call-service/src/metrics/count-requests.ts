import type { Request, RequestHandler } from 'express';
import type { CallServiceMetrics } from './call-service-metrics.ts';

type RequestMetrics = Pick<CallServiceMetrics, 'httpRequests' | 'httpRequestSeconds'>;

export interface Answered {
  method: string;
  route: string;
  status: number;
  /** By `performance.now()`. */
  arrivedAt: number;
}

export type CountAnswer = (answered: Answered) => void;

/** Counts a request that is answered now. */
export const createCountAnswer =
  ({ httpRequests, httpRequestSeconds }: RequestMetrics): CountAnswer =>
  ({ method, route, status, arrivedAt }) => {
    httpRequests.inc({ method, route, status: String(status) });
    httpRequestSeconds.observe({ route }, (performance.now() - arrivedAt) / 1000);
  };

/** The route as the code names it, with `:callId` for any call: what a client asked for is no label. */
const routeOf = (request: Request): string => {
  const path: unknown = request.route?.path;
  return typeof path === 'string' ? path : 'none';
};

/** Counts every request by its route once it is answered. */
export const countRequests = (metrics: RequestMetrics): RequestHandler => {
  const countAnswer = createCountAnswer(metrics);
  return (request, response, next) => {
    const arrivedAt = performance.now();
    response.once('finish', () => countAnswer({ method: request.method, route: routeOf(request), status: response.statusCode, arrivedAt }));
    next();
  };
};
