import { presenceChannel } from './channels.ts';
import type { RedisConnection } from './redis-connection.ts';

/**
 * Says for each user whether any gateway holds a session of theirs: the channel of their presence room has a subscriber.
 * Rejects when Redis does not answer: nobody is taken for offline because Redis is away.
 */
export const readOnline = async (redis: RedisConnection, prefix: string, userIds: readonly string[]): Promise<boolean[]> => {
  if (userIds.length === 0) return [];
  const answer = (await redis.call('PUBSUB', 'SHARDNUMSUB', ...userIds.map((userId) => presenceChannel(prefix, userId)))) as unknown[];
  return userIds.map((_, index) => Number(answer[index * 2 + 1]) > 0);
};
