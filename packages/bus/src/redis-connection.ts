import { Redis, type RedisOptions } from 'ioredis';

export type RedisConnection = Redis;

const RETRY_CAP_MS = 1000;
const retryStrategy = (attempt: number): number => Math.min(attempt * 50, RETRY_CAP_MS);

type Options = Omit<RedisOptions, 'replyMapping'>;

const SHARED: Options = { retryStrategy, connectTimeout: 5000, keepAlive: 5000 };

type RedisUse = 'command' | 'subscribe' | 'worker';

/**
 * `command`: fails at once and for good while Redis is away, so that nothing stale is sent when it is back.
 * `subscribe`: never gives up, or a room would stay deaf for ever. `worker`: what BullMQ's workers ask for.
 */
const OPTIONS: Record<RedisUse, Options> = {
  command: {
    ...SHARED,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: 1000,
    socketTimeout: 3000,
  },
  subscribe: { ...SHARED, maxRetriesPerRequest: null, socketTimeout: 10_000 },
  worker: { ...SHARED, maxRetriesPerRequest: null },
};

/** Connects in the background; `onError` hears of each failure, which the connection itself survives. */
export const connectRedis = (url: string, use: RedisUse, onError: (error: Error) => void): RedisConnection => {
  const connection = new Redis(url, OPTIONS[use]);
  connection.on('error', onError);
  return connection;
};

/** Resolves when the connection stands, or after `milliseconds`, whichever comes first. */
export const connected = (connection: RedisConnection, milliseconds: number): Promise<void> =>
  connection.status === 'ready'
    ? Promise.resolve()
    : new Promise((resolve) => {
        const timer = setTimeout(finish, milliseconds);
        function finish(): void {
          clearTimeout(timer);
          connection.off('ready', finish);
          resolve();
        }
        connection.once('ready', finish);
      });
