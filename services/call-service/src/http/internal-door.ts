import { ERRORS, refusal } from '@trunkline/contract';
import express, { type RequestHandler, type Router } from 'express';
import type { InternalOperation } from './internal-operations.ts';
import type { KnowsToken } from './internal-token.ts';
import { jsonBody } from './json-body.ts';

export interface InternalDoorOptions {
  knowsToken: KnowsToken;
  operations: ReadonlyMap<string, InternalOperation>;
}

const MAX_BODY = '4mb';

const requireToken =
  (knowsToken: KnowsToken): RequestHandler =>
  (request, response, next) => {
    if (knowsToken(request.headers.authorization)) return next();
    response.status(ERRORS.unauthenticated.http).json({ error: refusal('unauthenticated') });
  };

/** The door for Trunkline's own processes: who holds the token may speak for every user. */
export const internalDoor = ({ knowsToken, operations }: InternalDoorOptions): Router => {
  const door = express.Router();
  door.use('/internal', requireToken(knowsToken), jsonBody(MAX_BODY));
  for (const [path, operation] of operations)
    door.post(path, async (request, response) => {
      const { status, body } = await operation(request.body);
      response.status(status).json(body);
    });
  return door;
};
