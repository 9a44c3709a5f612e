import { refusal, UserId } from '@trunkline/contract';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { z } from 'zod';
import { identityOf } from '../http/authenticate.ts';
import { answerWith, refuseWith } from '../http/envelope.ts';
import { problemIn } from '../http/problem.ts';
import type { PresenceReader } from './presence.ts';

export interface PresenceRoutesOptions {
  guards(route: string): RequestHandler[];
  presence: PresenceReader;
}

const MAX_USERS = 100;

export const ManyUsers = z.object({ userIds: z.array(UserId).min(1).max(MAX_USERS) });

/** Whether users are connected anywhere, for any signed-in user. */
export const presenceRoutes = ({ guards, presence }: PresenceRoutesOptions): Router => {
  const routes = express.Router();
  routes.get('/api/v1/users/:userId/status', guards('user_status'), async (request: Request, response: Response) => {
    const userId = UserId.safeParse(request.params['userId']);
    if (!userId.success) return refuseWith(response, refusal('parse_error', { message: 'userId: is not a user id' }));
    const [status] = await presence.read(identityOf(response).userId, [userId.data]);
    answerWith(response, 200, 'User status retrieved successfully', status);
  });
  routes.post('/api/v1/users/status', guards('users_status'), async (request: Request, response: Response) => {
    const body = ManyUsers.safeParse(request.body ?? {});
    if (!body.success) return refuseWith(response, refusal('parse_error', { message: problemIn(body.error) }));
    const users = await presence.read(identityOf(response).userId, body.data.userIds);
    answerWith(response, 200, 'User statuses retrieved successfully', users);
  });
  return routes;
};
