import type { Publication, Publisher } from './bus.ts';
import { noticeChannel, userChannel } from './channels.ts';
import { connected, connectRedis, leaveReplicas } from './redis-connection.ts';

export interface PublisherOptions {
  redisUrl: string;
  prefix: string;
  onError(error: Error): void;
}

const START_PATIENCE_MS = 3000;

/** Channels and messages in turn: one command with one answer costs a fifth of one for each message. */
const PUBLISH_ALL = `local answers = {}
for i = 1, #ARGV, 2 do answers[#answers + 1] = redis.call('SPUBLISH', ARGV[i], ARGV[i + 1]) end
return answers`;

/** As many arguments as Lua may be given with ease. */
const MAX_TOGETHER = 1000;

interface Publishing {
  publishAll(...channelsAndTexts: string[]): Promise<unknown[]>;
}

/** Publishes over Redis sharded pub/sub, a list at once. Starts without Redis too. */
export const startPublisher = async ({ redisUrl, prefix, onError }: PublisherOptions): Promise<Publisher> => {
  const redis = connectRedis(redisUrl, 'command', onError);
  redis.defineCommand('publishAll', { numberOfKeys: 0, lua: PUBLISH_ALL });
  leaveReplicas(redis);
  await connected(redis, START_PATIENCE_MS);

  /** A script runs on one node, and the channels of a cluster are on many. */
  const publishOneByOne = (publications: readonly Publication[]): Promise<(number | null)[]> =>
    Promise.all(
      publications.map(({ userId, topic, text }) =>
        redis.spublish(userChannel(prefix, topic, userId), text).then(Number, (error: Error) => {
          onError(error);
          return null;
        }),
      ),
    );

  const publishTogether = async (publications: readonly Publication[]): Promise<(number | null)[]> => {
    try {
      const answers = await (redis as unknown as Publishing).publishAll(
        ...publications.flatMap(({ userId, topic, text }) => [userChannel(prefix, topic, userId), text]),
      );
      return answers.map(Number);
    } catch (error) {
      onError(error as Error);
      return publications.map(() => null);
    }
  };

  const publish = async (publications: readonly Publication[]): Promise<(number | null)[]> => {
    if (redis.status !== 'ready') return publications.map(() => null);
    if (redis.isCluster) return publishOneByOne(publications);
    const parts: Promise<(number | null)[]>[] = [];
    for (let from = 0; from < publications.length; from += MAX_TOGETHER)
      parts.push(publishTogether(publications.slice(from, from + MAX_TOGETHER)));
    return (await Promise.all(parts)).flat();
  };

  return {
    publish,
    notify: async (notice) => {
      if (redis.status !== 'ready') return;
      await redis.spublish(noticeChannel(prefix), JSON.stringify(notice)).catch(onError);
    },
    isConnected: () => redis.status === 'ready',
    async [Symbol.asyncDispose]() {
      redis.disconnect();
    },
  };
};
