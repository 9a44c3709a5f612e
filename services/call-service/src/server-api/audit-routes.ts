import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { Database } from '../database/database.ts';
import { bodyOrRefuse } from '../http/plain.ts';
import { AuditQuery, readAudit } from './audit-reader.ts';

/** Who did what with which server key. */
export const auditRoutes = ({ serverGuards, database }: { serverGuards: RequestHandler[]; database: Database }): Router => {
  const routes = express.Router();
  routes.get('/v1/server/audit', serverGuards, async (request: Request, response: Response) => {
    const query = bodyOrRefuse(AuditQuery, request.query, response);
    if (query !== null) response.json(await readAudit(database, query));
  });
  return routes;
};
