import type { Cluster } from 'ioredis';
import { presenceChannel } from './channels.ts';
import type { RedisConnection } from './redis-connection.ts';

/** How many subscribers a node counts on each channel: in a cluster it knows of its own alone. */
const countOn = async (node: Pick<RedisConnection, 'call'>, channels: readonly string[]): Promise<number[]> => {
  const answer = (await node.call('PUBSUB', 'SHARDNUMSUB', ...channels)) as unknown[];
  return channels.map((_, index) => Number(answer[index * 2 + 1]));
};

const nodesOf = (redis: RedisConnection): Pick<RedisConnection, 'call'>[] =>
  redis.isCluster ? (redis as unknown as Cluster).nodes('master') : [redis];

/**
 * Says for each user whether any gateway holds a session of theirs: the channel of their presence room has a subscriber.
 * Rejects when Redis does not answer: nobody is taken for offline because Redis is away.
 */
export const readOnline = async (redis: RedisConnection, prefix: string, userIds: readonly string[]): Promise<boolean[]> => {
  if (userIds.length === 0) return [];
  const channels = userIds.map((userId) => presenceChannel(prefix, userId));
  const counts = await Promise.all(nodesOf(redis).map((node) => countOn(node, channels)));
  return channels.map((_, index) => counts.some((onNode) => (onNode[index] ?? 0) > 0));
};
