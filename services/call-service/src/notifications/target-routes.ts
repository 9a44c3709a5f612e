import type { PushEndpointRules } from '@trunkline/service-kit';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { identityOf } from '../http/authenticate.ts';
import { bodyOrRefuse } from '../http/plain.ts';
import type { PushTargets } from './push-targets.ts';
import { DeviceBody, RemovedDevice, RemovedSubscription, subscriptionBody } from './target-bodies.ts';

export interface TargetRoutesOptions {
  guards(route: string): RequestHandler[];
  targets: PushTargets;
  endpointRules: Omit<PushEndpointRules, 'NODE_ENV'>;
}

const DEVICES = '/v1/notifications/devices';
const SUBSCRIBE = '/v1/notifications/subscribe';

const preferredLanguage = (request: Request): string | null => /^[a-z]{2,3}\b/i.exec(request.get('accept-language') ?? '')?.[0] ?? null;

/** What is to be removed comes as a body; as a query from those who cannot send one with DELETE. */
const removed = (request: Request): unknown => request.body ?? request.query;

/** Each user's own push targets. Removing what is not there, or is another's, answers alike. */
export const targetRoutes = ({ guards, targets, endpointRules }: TargetRoutesOptions): Router => {
  const routes = express.Router();
  const SubscriptionBody = subscriptionBody(endpointRules);

  routes.post(DEVICES, guards('push_devices'), async (request: Request, response: Response) => {
    const body = bodyOrRefuse(DeviceBody, request.body, response);
    if (body === null) return;
    const { userId, deviceId: ownDevice } = identityOf(response);
    const { token, platform } = body;
    const [deviceId, kind] = [body.deviceId ?? ownDevice, body.kind ?? 'token'];
    const locale = body.locale ?? preferredLanguage(request);
    const target = { userId, provider: 'fcm', platform, kind, deviceId, address: token, p256dh: null, auth: null, locale } as const;
    const { id } = await targets.register(target);
    response.status(201).json({ id, platform, deviceId, kind, locale });
  });
  routes.delete(DEVICES, guards('push_devices'), async (request: Request, response: Response) => {
    const body = bodyOrRefuse(RemovedDevice, removed(request), response);
    if (body === null) return;
    await targets.remove(identityOf(response).userId, 'fcm', body.token);
    response.status(204).end();
  });
  routes.post(SUBSCRIBE, guards('push_subscribe'), async (request: Request, response: Response) => {
    const body = bodyOrRefuse(SubscriptionBody, request.body, response);
    if (body === null) return;
    const { userId, deviceId: ownDevice } = identityOf(response);
    const { endpoint, keys } = body;
    const deviceId = body.deviceId ?? ownDevice;
    const locale = body.locale ?? preferredLanguage(request);
    const target = { userId, provider: 'web_push', platform: 'web', kind: 'token', deviceId, address: endpoint, ...keys, locale } as const;
    const { id } = await targets.register(target);
    response.status(201).json({ id, endpoint, deviceId, locale });
  });
  routes.delete(SUBSCRIBE, guards('push_subscribe'), async (request: Request, response: Response) => {
    const body = bodyOrRefuse(RemovedSubscription, removed(request), response);
    if (body === null) return;
    await targets.remove(identityOf(response).userId, 'web_push', body.endpoint);
    response.status(204).end();
  });
  return routes;
};
