import { refusal, UserId } from '@trunkline/contract';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { refusePlainly } from '../http/plain.ts';
import { serverKeyOf } from '../http/server-key.ts';
import type { SessionRegister } from '../sessions/session-register.ts';
import type { OnlineOptions } from '../users/online.ts';
import { readUser } from './user-reader.ts';

export interface ServerUserRoutesOptions extends OnlineOptions {
  serverGuards: RequestHandler[];
  sessions: Pick<SessionRegister, 'disconnect'>;
}

const PATH = '/v1/server/users/:userId';

/** Users, for the app's backend and its operators. */
export const serverUserRoutes = ({ serverGuards, sessions, ...reading }: ServerUserRoutesOptions): Router => {
  const routes = express.Router();

  const userOf = (request: Request, response: Response): UserId | null => {
    const userId = UserId.safeParse(request.params['userId']);
    if (userId.success) return userId.data;
    refusePlainly(response, { ...refusal('parse_error', { message: 'userId: is not a user id' }), field: 'userId' });
    return null;
  };

  routes.get(PATH, serverGuards, async (request: Request, response: Response) => {
    const userId = userOf(request, response);
    if (userId !== null) response.json(await readUser(reading, userId));
  });
  routes.post(`${PATH}/disconnect`, serverGuards, async (request: Request, response: Response) => {
    const userId = userOf(request, response);
    if (userId !== null) response.status(202).json({ userId, sessions: await sessions.disconnect(userId, serverKeyOf(response)) });
  });
  return routes;
};
