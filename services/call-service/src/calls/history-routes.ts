import { refusal } from '@trunkline/contract';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { Database } from '../database/database.ts';
import { identityOf } from '../http/authenticate.ts';
import { answerWith, refuseWith } from '../http/envelope.ts';
import { problemIn } from '../http/problem.ts';
import type { CallReader } from './call-reader.ts';
import type { CallRecord } from './call-record.ts';
import { HistoryQuery, readHistory } from './history.ts';

export interface HistoryRoutesOptions {
  guards(route: string): RequestHandler[];
  database: Database;
  calls: CallReader;
}

/** What an app needs to show a ring that it finds at its start. */
const ringView = ({ id, channelId, callerId, callerName, callerAvatar, callType, createdAt, ringDeadlineAt }: CallRecord) => ({
  callId: id,
  channelId,
  callerId,
  callerName: callerName ?? callerId,
  callerAvatar,
  callType,
  createdAt: new Date(createdAt).toISOString(),
  expiresAt: new Date(ringDeadlineAt).toISOString(),
});

/** The lists of calls: the history, and what rings at this moment. They stand before the routes of one call. */
export const historyRoutes = ({ guards, database, calls }: HistoryRoutesOptions): Router => {
  const routes = express.Router();
  routes.get('/api/v1/calls/history', guards('history'), async (request: Request, response: Response) => {
    const query = HistoryQuery.safeParse(request.query);
    if (!query.success) return refuseWith(response, refusal('parse_error', { message: problemIn(query.error) }));
    const page = await readHistory(database, identityOf(response).userId, query.data);
    answerWith(response, 200, 'Call history retrieved successfully', page);
  });
  routes.get('/api/v1/calls/ringing', guards('ringing'), async (_request: Request, response: Response) => {
    const ringing = await calls.ringing(identityOf(response).userId);
    answerWith(response, 200, 'Ringing calls retrieved successfully', { items: ringing.map(ringView) });
  });
  return routes;
};
