import type { Publication, Publisher } from './bus.ts';
import { noticeChannel, userChannel } from './channels.ts';
import { connected, connectRedis } from './redis-connection.ts';

export interface PublisherOptions {
  redisUrl: string;
  prefix: string;
  onError(error: Error): void;
}

const START_PATIENCE_MS = 3000;

/** Publishes over Redis sharded pub/sub, one pipeline for each list. Starts without Redis too. */
export const startPublisher = async ({ redisUrl, prefix, onError }: PublisherOptions): Promise<Publisher> => {
  const redis = connectRedis(redisUrl, 'command', onError);
  await connected(redis, START_PATIENCE_MS);

  /** A pipeline goes to one node, and the channels of a cluster are on many. */
  const publishOneByOne = (publications: readonly Publication[]): Promise<(number | null)[]> =>
    Promise.all(
      publications.map(({ userId, topic, text }) =>
        redis.spublish(userChannel(prefix, topic, userId), text).then(Number, (error: Error) => {
          onError(error);
          return null;
        }),
      ),
    );

  const publish = async (publications: readonly Publication[]): Promise<(number | null)[]> => {
    if (redis.status !== 'ready') return publications.map(() => null);
    if (redis.isCluster) return publishOneByOne(publications);
    const pipeline = redis.pipeline();
    for (const { userId, topic, text } of publications) pipeline.spublish(userChannel(prefix, topic, userId), text);
    try {
      const answers = await pipeline.exec();
      return publications.map((_, index) => {
        const answer = answers?.[index];
        return answer === undefined || answer[0] !== null ? null : Number(answer[1]);
      });
    } catch (error) {
      onError(error as Error);
      return publications.map(() => null);
    }
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
