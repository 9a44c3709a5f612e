import { Redis } from 'ioredis';

/** Sends one command on a connection of its own, without retries. */
export const commandOnce = async (url: string, command: string, ...args: string[]): Promise<unknown> => {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 5000,
    commandTimeout: 5000,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  let failure: unknown;
  redis.on('error', (error) => {
    failure = error;
  });
  try {
    await redis.connect();
    return await redis.call(command, ...args);
  } catch (error) {
    // ioredis rejects with "Connection is closed" and emits what was wrong.
    throw failure ?? error;
  } finally {
    redis.disconnect();
  }
};
