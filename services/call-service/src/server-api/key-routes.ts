import { refusal, ServerKeyName } from '@trunkline/contract';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { z } from 'zod';
import { bodyOrRefuse, refusePlainly } from '../http/plain.ts';
import { serverKeyOf } from '../http/server-key.ts';
import type { ServerKeys } from './server-keys.ts';

export interface KeyRoutesOptions {
  serverGuards: RequestHandler[];
  keys: ServerKeys;
}

const PATH = '/v1/server/keys';

export const CreateKeyBody = z.object({ name: ServerKeyName });

/** The keys of the server API, for who has one. */
export const keyRoutes = ({ serverGuards, keys }: KeyRoutesOptions): Router => {
  const routes = express.Router();
  routes.get(PATH, serverGuards, async (_request: Request, response: Response) => {
    response.json({ items: await keys.list() });
  });
  routes.post(PATH, serverGuards, async (request: Request, response: Response) => {
    const body = bodyOrRefuse(CreateKeyBody, request.body, response);
    if (body === null) return;
    const created = await keys.create(body.name, serverKeyOf(response));
    if ('code' in created) refusePlainly(response, { ...created, field: 'name' });
    else response.status(201).set('cache-control', 'no-store').json(created);
  });
  routes.delete(`${PATH}/:name`, serverGuards, async (request: Request, response: Response) => {
    const name = ServerKeyName.safeParse(request.params['name']).data;
    const revokedAt = name === undefined ? null : await keys.revoke(name, serverKeyOf(response));
    if (revokedAt === null) refusePlainly(response, refusal('not_found', { message: 'There is no such key in the table' }));
    else response.json({ name, revokedAt });
  });
  return routes;
};
