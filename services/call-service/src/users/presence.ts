import { type RedisConnection, readOnline } from '@trunkline/bus';
import type { UserId } from '@trunkline/contract';
import type { Database } from '../database/database.ts';

const READ_LAST_SEEN = {
  name: 'read_last_seen',
  text: 'SELECT user_id, round(extract(epoch FROM last_seen_at) * 1000)::float8 AS at FROM lines WHERE user_id = ANY ($1::text[]) AND last_seen_at IS NOT NULL',
};

export interface Presence {
  userId: UserId;
  online: boolean;
  /** ISO 8601; when the user's last session closed. Null for a user who was never seen to leave. */
  lastSeenAt: string | null;
}

export interface PresenceReader {
  read(userIds: readonly UserId[]): Promise<Presence[]>;
}

export interface PresenceReaderOptions {
  database: Database;
  redis: RedisConnection;
  redisPrefix: string;
}

export const createPresenceReader = ({ database, redis, redisPrefix }: PresenceReaderOptions): PresenceReader => ({
  read: async (userIds) => {
    const [online, seen] = await Promise.all([
      readOnline(redis, redisPrefix, userIds),
      database.query<{ user_id: string; at: number }>(READ_LAST_SEEN, [userIds]),
    ]);
    const lastSeen = new Map(seen.map(({ user_id, at }) => [user_id, new Date(at).toISOString()]));
    return userIds.map((userId, index) => ({ userId, online: online[index] === true, lastSeenAt: lastSeen.get(userId) ?? null }));
  },
});
