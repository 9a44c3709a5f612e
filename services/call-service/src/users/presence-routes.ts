import { refusal, UserId } from '@trunkline/contract';
import type { VerifyToken } from '@trunkline/service-kit';
import express, { type Router } from 'express';
import { authenticate } from '../http/authenticate.ts';
import { answerWith, refuseWith } from '../http/envelope.ts';
import type { PresenceReader } from './presence.ts';

export interface PresenceRoutesOptions {
  verifyToken: VerifyToken;
  presence: PresenceReader;
}

/** `GET /api/v1/users/{id}/status`: whether a user is connected anywhere, for any signed-in user. */
export const presenceRoutes = ({ verifyToken, presence }: PresenceRoutesOptions): Router => {
  const routes = express.Router();
  routes.get('/api/v1/users/:userId/status', authenticate(verifyToken), async (request, response) => {
    const userId = UserId.safeParse(request.params['userId']);
    if (!userId.success) return refuseWith(response, refusal('parse_error', { message: 'userId is not a user id' }));
    const [status] = await presence.read([userId.data]);
    answerWith(response, 200, 'User status retrieved successfully', status);
  });
  return routes;
};
