import { CallId, UserId } from '@trunkline/contract';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { z } from 'zod';
import { ownIdOf } from '../calls/call-reader.ts';
import type { Database } from '../database/database.ts';
import { bodyOrRefuse } from '../http/plain.ts';
import { createLiveReader } from './live-reader.ts';
import { listPushes } from './push-list.ts';

export const PushQuery = z.object({
  userId: UserId.optional(),
  callId: CallId.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** For operators: what goes on now, and what was pushed. */
export const liveRoutes = ({ serverGuards, database }: { serverGuards: RequestHandler[]; database: Database }): Router => {
  const routes = express.Router();
  const readLive = createLiveReader(database);
  routes.get('/v1/server/live', serverGuards, async (_request: Request, response: Response) => {
    response.set('cache-control', 'no-store').json(await readLive());
  });
  routes.get('/v1/server/pushes', serverGuards, async (request: Request, response: Response) => {
    const query = bodyOrRefuse(PushQuery, request.query, response);
    if (query === null) return;
    const callId = query.callId === undefined ? undefined : await ownIdOf(database, query.callId);
    response.set('cache-control', 'no-store').json({ items: await listPushes(database, { ...query, callId }) });
  });
  return routes;
};
