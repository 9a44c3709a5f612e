import type { RedisConnection } from '@trunkline/bus';
import { createTokenVerifier } from '@trunkline/service-kit';
import express, { type RequestHandler, type Router } from 'express';
import { createCallReader } from '../calls/call-reader.ts';
import { callRoutes } from '../calls/call-routes.ts';
import type { Decider } from '../calls/decider.ts';
import { historyRoutes } from '../calls/history-routes.ts';
import type { Chats } from '../chat/start-chats.ts';
import type { CallServiceConfig } from '../config.ts';
import type { Database } from '../database/database.ts';
import { createRateLimit, tellRefusals } from '../limits/rate-limit.ts';
import { limitRequests } from '../limits/rest-limit.ts';
import { createMediaIssuer } from '../media/media-issuer.ts';
import { mediaRoutes } from '../media/media-routes.ts';
import type { CallServiceMetrics } from '../metrics/call-service-metrics.ts';
import { bulkRoutes } from '../notifications/bulk-routes.ts';
import { pushHistoryRoutes } from '../notifications/history-routes.ts';
import type { Notifications } from '../notifications/notifications.ts';
import { preferenceRoutes } from '../notifications/preference-routes.ts';
import { targetRoutes } from '../notifications/target-routes.ts';
import type { ServerKeys } from '../server-api/server-keys.ts';
import type { SessionRegister } from '../sessions/session-register.ts';
import { blockRoutes } from '../users/block-routes.ts';
import { createBlockList } from '../users/blocks.ts';
import { createPresenceReader } from '../users/presence.ts';
import { presenceRoutes } from '../users/presence-routes.ts';
import { authenticate, type Refuse } from './authenticate.ts';
import { jsonBody } from './json-body.ts';
import { checkOrigin } from './origins.ts';
import { refusePlainly } from './plain.ts';
import { requireServerKey, serverOr } from './server-key.ts';

const MAX_BODY = '64kb';

export interface ClientRoutesOptions {
  config: CallServiceConfig;
  database: Database;
  decider: Pick<Decider, 'decide'>;
  chats: Pick<Chats, 'routes'>;
  redis: RedisConnection;
  notifications: Notifications;
  metrics: Pick<CallServiceMetrics, 'rateLimited'>;
  serverKeys: ServerKeys;
  sessions: Pick<SessionRegister, 'disconnect'>;
}

/** Everything that apps may ask over REST: first the origin, then the token, then the limit, then the body. */
export const clientRoutes = ({
  config,
  database,
  decider,
  chats,
  redis,
  notifications,
  metrics,
  serverKeys,
  sessions,
}: ClientRoutesOptions): Router => {
  const routes = express.Router();
  const verifyToken = createTokenVerifier(config);
  const redisPrefix = config.REDIS_PREFIX;
  const perRoute = tellRefusals(createRateLimit({ redis, redisPrefix, name: 'rest', perMinute: config.LIMIT_REST_PER_MINUTE }), () =>
    metrics.rateLimited.inc({ limit: 'rest' }),
  );
  const body = jsonBody(MAX_BODY);
  const guardsFor =
    (refuse?: Refuse) =>
    (route: string): RequestHandler[] => [authenticate(verifyToken, refuse), limitRequests(perRoute, route, refuse), ...body];
  const guards = guardsFor();
  const plainGuards = guardsFor(refusePlainly);
  const withServerKey = requireServerKey(serverKeys);
  const calls = createCallReader(database);
  const blocks = createBlockList(database);
  const presence = createPresenceReader({ database, blocks, redis, redisPrefix });
  routes.use('/api', checkOrigin(config.ALLOWED_ORIGINS));
  routes.use('/v1', checkOrigin(config.ALLOWED_ORIGINS, refusePlainly));
  routes.use(historyRoutes({ guards, database, calls }));
  routes.use(callRoutes({ guards, decider, calls }));
  routes.use(mediaRoutes({ guards: plainGuards, calls, issueMedia: createMediaIssuer(config) }));
  routes.use(blockRoutes({ guards, blocks }));
  routes.use(presenceRoutes({ guards, presence }));
  const createGuards = [...serverOr(serverKeys, plainGuards('create_chat')), ...body];
  const sendGuards = [authenticate(verifyToken, refusePlainly), ...body];
  routes.use(chats.routes({ guards: plainGuards, sendGuards, createGuards, serverGuards: [...withServerKey, ...body], sessions }));
  const { targets, bulks, onReachChanged, expandBulks } = notifications;
  routes.use(targetRoutes({ guards: plainGuards, targets, endpointRules: config }));
  routes.use(preferenceRoutes({ guards: plainGuards, database, vapidPublicKey: config.VAPID_PUBLIC_KEY, onReachChanged }));
  routes.use(pushHistoryRoutes({ guards: plainGuards, database }));
  routes.use(bulkRoutes({ serverGuards: withServerKey, bulks, onCreated: expandBulks }));
  return routes;
};
