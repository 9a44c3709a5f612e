import { refusal } from '@trunkline/contract';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { z } from 'zod';
import { asSpelled, inCamelCase } from '../chat/chat-bodies.ts';
import { jsonBody } from '../http/json-body.ts';
import { bodyOrRefuse, refusePlainly } from '../http/plain.ts';
import { serverKeyOf } from '../http/server-key.ts';
import { BulkBody } from './bulk-body.ts';
import type { Bulks } from './bulks.ts';

export interface BulkRoutesOptions {
  serverGuards: RequestHandler[];
  bulks: Bulks;
  /** Called when there is something to expand. MUST NOT block. */
  onCreated(): void;
}

const PATH = '/v1/server/notifications';
/** Ten thousand ids of users. */
const MAX_BODY = '2mb';

/** Notifications to many, for the app's backend. */
export const bulkRoutes = ({ serverGuards, bulks, onCreated }: BulkRoutesOptions): Router => {
  const routes = express.Router();
  routes.post(PATH, serverGuards, jsonBody(MAX_BODY), async (request: Request, response: Response) => {
    const body = bodyOrRefuse(BulkBody, request.body, response);
    if (body === null) return;
    const created = await bulks.create(body, serverKeyOf(response));
    if ('code' in created) {
      const conflict = { ok: false, error: { ...created, field: 'dedupeKey' } } as const;
      return refusePlainly(response, asSpelled(conflict, request.body, inCamelCase).error);
    }
    if (!created.duplicate) onCreated();
    response.status(202).json(created);
  });
  routes.get(`${PATH}/:id`, serverGuards, async (request: Request, response: Response) => {
    const id = z.uuid().safeParse(request.params['id']).data;
    const progress = id === undefined ? null : await bulks.progress(id);
    if (progress === null) refusePlainly(response, refusal('not_found'));
    else response.json(progress);
  });
  return routes;
};
