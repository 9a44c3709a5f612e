import { CallId, refusal } from '@trunkline/contract';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { z } from 'zod';
import { bodyOrRefuse, refusePlainly } from '../http/plain.ts';
import { FeedQuery } from './step-feed.ts';
import type { TraceReader } from './trace-reader.ts';

const DAY_MINUTES = 1440;

export const StatisticsQuery = z.object({ minutes: z.coerce.number().int().min(1).max(DAY_MINUTES).default(60) });

/** For the app's backend and its operators: why a call went as it went, and how calls go of late. */
export const traceRoutes = ({ serverGuards, traces }: { serverGuards: RequestHandler[]; traces: TraceReader }): Router => {
  const routes = express.Router();
  routes.get('/v1/server/calls/:callId/trace', serverGuards, async (request: Request, response: Response) => {
    const callId = CallId.safeParse(request.params['callId']);
    const trace = callId.success ? await traces.read(callId.data) : null;
    if (trace === null) refusePlainly(response, refusal('call_not_found'));
    else response.json(trace);
  });
  routes.get('/v1/server/stats', serverGuards, async (request: Request, response: Response) => {
    const query = bodyOrRefuse(StatisticsQuery, request.query, response);
    if (query !== null) response.json(await traces.statistics(query.minutes));
  });
  routes.get('/v1/server/steps', serverGuards, async (request: Request, response: Response) => {
    const query = bodyOrRefuse(FeedQuery, request.query, response);
    if (query !== null) response.json(await traces.feed(query));
  });
  return routes;
};
