import { refusal } from '@trunkline/contract';
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

const KeyName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1–64 characters of A–Z, a–z, 0–9, ".", "_" and "-"')
  .refine((name) => !name.startsWith('environment-'), 'must not begin with "environment-", as the keys of SERVER_API_KEYS do');

const CreateKeyBody = z.object({ name: KeyName });

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
    const name = KeyName.safeParse(request.params['name']).data;
    const revokedAt = name === undefined ? null : await keys.revoke(name, serverKeyOf(response));
    if (revokedAt === null) refusePlainly(response, refusal('not_found', { message: 'There is no such key in the table' }));
    else response.json({ name, revokedAt });
  });
  return routes;
};
