import { refusal, UserId } from '@trunkline/contract';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { refusePlainly } from '../http/plain.ts';
import { serverKeyOf } from '../http/server-key.ts';
import { type EraseOptions, eraseUser } from './erase.ts';

export interface EraseRoutesOptions extends EraseOptions {
  /** Lets only the app's backend in. */
  serverGuards: RequestHandler[];
}

export const eraseRoutes = ({ serverGuards, ...options }: EraseRoutesOptions): Router => {
  const routes = express.Router();
  routes.delete('/v1/server/users/:userId', serverGuards, async (request: Request, response: Response) => {
    const userId = UserId.safeParse(request.params['userId']);
    if (userId.success) response.json(await eraseUser(options, userId.data, serverKeyOf(response)));
    else refusePlainly(response, { ...refusal('parse_error', { message: 'is not a user id' }), field: 'user_id' });
  });
  return routes;
};
