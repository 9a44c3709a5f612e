import express, { type Router } from 'express';
import type { TraceReader } from '../traces/trace-reader.ts';
import { traceRoutes } from '../traces/trace-routes.ts';
import { type ReplayRoutesOptions, replayRoutes } from '../webhooks/replay-routes.ts';
import { auditRoutes } from './audit-routes.ts';
import { type ServerCallRoutesOptions, serverCallRoutes } from './call-routes.ts';
import { type KeyRoutesOptions, keyRoutes } from './key-routes.ts';
import { type ServerUserRoutesOptions, serverUserRoutes } from './user-routes.ts';

export type ServerRoutesOptions = KeyRoutesOptions &
  ServerCallRoutesOptions &
  ServerUserRoutesOptions &
  ReplayRoutesOptions & { traces: TraceReader };

/** The server API, but for what belongs to chats and notifications. */
export const serverRoutes = (options: ServerRoutesOptions): Router => {
  const routes = express.Router();
  routes.use(keyRoutes(options));
  routes.use(auditRoutes(options));
  routes.use(traceRoutes(options));
  routes.use(serverCallRoutes(options));
  routes.use(serverUserRoutes(options));
  routes.use(replayRoutes(options));
  return routes;
};
