import { type RedisConnection, readOnline } from '@trunkline/bus';
import type { UserId } from '@trunkline/contract';
import type { Database } from '../database/database.ts';

/** `$1`: users. Those of them who have a session, as the register knows it. */
export const READ_REGISTERED = {
  name: 'read_registered_users',
  text: 'SELECT DISTINCT user_id AS "userId" FROM sessions WHERE user_id = ANY ($1::text[]) AND closed_at IS NULL',
};

export interface OnlineOptions {
  database: Database;
  redis: RedisConnection;
  redisPrefix: string;
}

const readRegistered = async (database: Database, userIds: readonly UserId[]): Promise<boolean[]> => {
  const rows = await database.query<{ userId: string }>(READ_REGISTERED, [userIds]);
  const registered = new Set(rows.map(({ userId }) => userId));
  return userIds.map((userId) => registered.has(userId));
};

/** Says for each user whether they are online. Redis knows; while it is away, the register of sessions does. */
export const whoIsOnline = ({ database, redis, redisPrefix }: OnlineOptions, userIds: readonly UserId[]): Promise<boolean[]> =>
  readOnline(redis, redisPrefix, userIds).catch(() => readRegistered(database, userIds));
