import type { RedisConnection } from '@trunkline/bus';
import { createTokenVerifier } from '@trunkline/service-kit';
import express, { type RequestHandler, type Router } from 'express';
import { createCallReader } from '../calls/call-reader.ts';
import { callRoutes } from '../calls/call-routes.ts';
import type { Decider } from '../calls/decider.ts';
import { historyRoutes } from '../calls/history-routes.ts';
import type { CallServiceConfig } from '../config.ts';
import type { Database } from '../database/database.ts';
import { createRateLimit, tellRefusals } from '../limits/rate-limit.ts';
import { limitRequests } from '../limits/rest-limit.ts';
import type { CallServiceMetrics } from '../metrics/call-service-metrics.ts';
import { blockRoutes } from '../users/block-routes.ts';
import { createBlockList } from '../users/blocks.ts';
import { createPresenceReader } from '../users/presence.ts';
import { presenceRoutes } from '../users/presence-routes.ts';
import { authenticate } from './authenticate.ts';
import { checkOrigin } from './origins.ts';

const MAX_BODY = '64kb';

export interface ClientRoutesOptions {
  config: CallServiceConfig;
  database: Database;
  decider: Pick<Decider, 'decide'>;
  redis: RedisConnection;
  metrics: Pick<CallServiceMetrics, 'rateLimited'>;
}

/** Everything that apps may ask over REST: first the origin, then the token, then the limit, then the body. */
export const clientRoutes = ({ config, database, decider, redis, metrics }: ClientRoutesOptions): Router => {
  const routes = express.Router();
  const signedIn = authenticate(createTokenVerifier(config));
  const redisPrefix = config.REDIS_PREFIX;
  const perRoute = tellRefusals(createRateLimit({ redis, redisPrefix, name: 'rest', perMinute: config.LIMIT_REST_PER_MINUTE }), () =>
    metrics.rateLimited.inc({ limit: 'rest' }),
  );
  const body = express.json({ limit: MAX_BODY });
  const guards = (route: string): RequestHandler[] => [signedIn, limitRequests(perRoute, route), body];
  const calls = createCallReader(database);
  const blocks = createBlockList(database);
  const presence = createPresenceReader({ database, blocks, redis, redisPrefix });
  routes.use('/api', checkOrigin(config.ALLOWED_ORIGINS));
  routes.use(historyRoutes({ guards, database, calls }));
  routes.use(callRoutes({ guards, decider, calls }));
  routes.use(blockRoutes({ guards, blocks }));
  routes.use(presenceRoutes({ guards, presence }));
  return routes;
};
