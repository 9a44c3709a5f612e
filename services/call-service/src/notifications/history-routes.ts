import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { Database } from '../database/database.ts';
import { identityOf } from '../http/authenticate.ts';
import { bodyOrRefuse } from '../http/plain.ts';
import { PushHistoryQuery, readPushHistory } from './push-history.ts';

export interface PushHistoryRoutesOptions {
  guards(route: string): RequestHandler[];
  database: Database;
}

export const pushHistoryRoutes = ({ guards, database }: PushHistoryRoutesOptions): Router => {
  const routes = express.Router();
  routes.get('/v1/notifications/history', guards('push_history'), async (request: Request, response: Response) => {
    const query = bodyOrRefuse(PushHistoryQuery, request.query, response);
    if (query !== null) response.json(await readPushHistory(database, identityOf(response).userId, query));
  });
  return routes;
};
