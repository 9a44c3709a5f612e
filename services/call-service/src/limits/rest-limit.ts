import { refusal } from '@trunkline/contract';
import type { RequestHandler } from 'express';
import { identityOf, type Refuse } from '../http/authenticate.ts';
import { refuseWith } from '../http/envelope.ts';
import type { RateLimit } from './rate-limit.ts';

/** Lets a user ask a route only so often, whatever address the request comes from. */
export const limitRequests =
  (limit: RateLimit, route: string, refuse: Refuse = refuseWith): RequestHandler =>
  async (_request, response, next) => {
    const retryAfterSeconds = await limit.take(JSON.stringify([identityOf(response).userId, route]));
    if (retryAfterSeconds === null) next();
    else refuse(response, { ...refusal('rate_limited'), retryAfterSeconds });
  };
