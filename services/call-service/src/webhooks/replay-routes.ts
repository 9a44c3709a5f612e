import { refusal } from '@trunkline/contract';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { Database } from '../database/database.ts';
import { bodyOrRefuse, refusePlainly } from '../http/plain.ts';
import { serverKeyOf } from '../http/server-key.ts';
import { ReplayBody, replayWebhooks } from './replay.ts';
import type { Webhooks } from './start-webhooks.ts';

export interface ReplayRoutesOptions {
  serverGuards: RequestHandler[];
  database: Database;
  /** Null: nothing is sent. */
  webhooks: Pick<Webhooks, 'wake'> | null;
}

export const replayRoutes = ({ serverGuards, database, webhooks }: ReplayRoutesOptions): Router => {
  const routes = express.Router();
  routes.post('/v1/server/webhooks/replay', serverGuards, async (request: Request, response: Response) => {
    const body = bodyOrRefuse(ReplayBody, request.body, response);
    if (body === null) return;
    if (webhooks === null)
      return refusePlainly(response, refusal('invalid_status', { message: 'No webhooks are sent: WEBHOOK_URL is not set' }));
    const replayed = await replayWebhooks(database, body, serverKeyOf(response));
    webhooks.wake();
    response.status(202).json({ replayed });
  });
  return routes;
};
