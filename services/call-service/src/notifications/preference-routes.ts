import { refusal } from '@trunkline/contract';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { Database } from '../database/database.ts';
import { identityOf } from '../http/authenticate.ts';
import { bodyOrRefuse, refusePlainly } from '../http/plain.ts';
import { PreferenceChange, preferencesFrom } from './preferences.ts';

const READ_PREFERENCES = { name: 'read_push_preferences', text: 'SELECT preferences FROM push_preferences WHERE user_id = $1' };
const CHANGE_PREFERENCES = {
  name: 'change_push_preferences',
  text: `INSERT INTO push_preferences AS p (user_id, preferences) VALUES ($1, $2::jsonb)
    ON CONFLICT (user_id) DO UPDATE SET preferences = p.preferences || excluded.preferences, updated_at = clock_timestamp()
    RETURNING preferences`,
};

export interface PreferenceRoutesOptions {
  guards(route: string): RequestHandler[];
  database: Database;
  vapidPublicKey: string | undefined;
  onReachChanged(userIds: readonly string[]): Promise<void>;
}

const PATH = '/v1/notifications/preferences';

interface Row {
  preferences: object;
}

/** What a user wants to be told of, and the key that a browser needs to subscribe. */
export const preferenceRoutes = ({ guards, database, vapidPublicKey, onReachChanged }: PreferenceRoutesOptions): Router => {
  const routes = express.Router();
  routes.get(PATH, guards('push_preferences'), async (_request: Request, response: Response) => {
    const [row] = await database.query<Row>(READ_PREFERENCES, [identityOf(response).userId]);
    response.json(preferencesFrom(row?.preferences ?? {}));
  });
  routes.put(PATH, guards('push_preferences'), async (request: Request, response: Response) => {
    const change = bodyOrRefuse(PreferenceChange, request.body, response);
    if (change === null) return;
    const { userId } = identityOf(response);
    const [row] = await database.query<Row>(CHANGE_PREFERENCES, [userId, JSON.stringify(change)]);
    await onReachChanged([userId]);
    response.json(preferencesFrom(row?.preferences ?? {}));
  });
  routes.get('/v1/notifications/vapid-public-key', (_request: Request, response: Response) => {
    if (vapidPublicKey !== undefined) response.json({ publicKey: vapidPublicKey });
    else refusePlainly(response, refusal('not_found', { message: 'Web Push is not configured here (VAPID_PUBLIC_KEY)' }));
  });
  return routes;
};
