import { type Refusal, refusal } from '@trunkline/contract';
import { bearerToken, type Identity, type VerifyToken } from '@trunkline/service-kit';
import type { RequestHandler, Response } from 'express';
import { refuseWith } from './envelope.ts';

/** How a refusal is worded: in an envelope under `/api`, plainly under `/v1`. */
export type Refuse = (response: Response, refusal: Refusal) => void;

/** Lets signed-in users in (RFC 6750); everybody else gets 401. */
export const authenticate =
  (verifyToken: VerifyToken, refuse: Refuse = refuseWith): RequestHandler =>
  async (request, response, next) => {
    const token = bearerToken(request.headers.authorization);
    const identity = token === null ? null : await verifyToken(token);
    if (identity === null) return refuse(response, refusal('unauthenticated'));
    response.locals['identity'] = identity;
    next();
  };

/** Who asks, behind `authenticate`. */
export const identityOf = (response: Response): Identity => response.locals['identity'] as Identity;

/** Who asks, where the app's backend may ask too: that has none. */
export const maybeIdentityOf = (response: Response): Identity | null => (response.locals['identity'] as Identity | undefined) ?? null;
