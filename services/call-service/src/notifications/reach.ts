import type { Reach } from '../calls/world.ts';
import { preferencesFrom, wants } from './preferences.ts';

/** The stored preferences of a user who has a target; null: there is none. `user` is an SQL expression. */
export const preferencesIfReachable = (user: string): string =>
  `(SELECT coalesce(p.preferences, '{}'::jsonb) FROM push_targets t LEFT JOIN push_preferences p ON p.user_id = t.user_id
    WHERE t.user_id = ${user} LIMIT 1)`;

/** Reads a `ReachRow` for each user of a parameter. */
export const reachOf = (parameter: string, more = ''): string =>
  `SELECT asked.user_id AS "userId", ${preferencesIfReachable('asked.user_id')} AS preferences${more} FROM unnest(${parameter}::text[]) AS asked (user_id)`;

export const READ_REACH = {
  name: 'read_reach',
  text: reachOf('$1', ', floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now'),
};

export interface ReachRow {
  userId: string;
  preferences: object | null;
}

/** Who can be reached by push, and whether a call may ring there at `now`. */
export const reachFrom = (rows: readonly ReachRow[], now: number): Reach =>
  new Map(
    rows.flatMap(({ userId, preferences }) =>
      preferences === null ? [] : [[userId, { mayRing: wants(preferencesFrom(preferences), 'incoming_call', now) }] as const],
    ),
  );
