import { createShardedAdapter } from '@socket.io/redis-adapter';
import { adapterChannelPrefix, connectRedis, gatherTurn, type RedisConnection } from '@trunkline/bus';

type MessageListener = (text: Buffer, channel: Buffer) => void;

/**
 * A Redis connection in the shape of the `redis` package. The adapter drops the promises of its commands, and of an
 * ioredis client a dropped rejection would end the process; here each is caught.
 */
const guardedClient = (redis: RedisConnection, onError: (error: Error) => void) => {
  const listeners = new Map<string, MessageListener>();
  redis.on('smessageBuffer', (channel: Buffer, text: Buffer) => listeners.get(channel.toString())?.(text, channel));
  let lastSubscribed: Promise<unknown> = Promise.resolve();
  return {
    /** One Redis answers in order: with the last subscription the earlier ones are in force too. The nodes of a cluster do not. */
    subscriptionsInForce: (): Promise<unknown> => lastSubscribed,
    sSubscribe: (channel: string, listener: MessageListener): void => {
      listeners.set(channel, listener);
      gatherTurn(redis);
      const subscribed = redis.ssubscribe(channel).catch(onError);
      lastSubscribed = redis.isCluster ? Promise.all([lastSubscribed, subscribed]) : subscribed;
    },
    sUnsubscribe: (channel: string): void => {
      listeners.delete(channel);
      gatherTurn(redis);
      redis.sunsubscribe(channel).catch(onError);
    },
    sPublish: (channel: string, text: string | Buffer): Promise<unknown> => redis.spublish(channel, text).catch(onError),
    sendCommand: ([name = '', ...words]: string[]): Promise<unknown> => redis.call(name, ...words),
  };
};

export interface SharedRoomsOptions {
  redisUrl: string;
  prefix: string;
  onError(error: Error): void;
}

export interface SharedRooms extends AsyncDisposable {
  /** Makes the adapter of a namespace. */
  readonly createAdapter: ReturnType<typeof createShardedAdapter>;
  isConnected(): boolean;
  /** Resolves when this gateway hears every room that a session of it has entered; not while Redis is away. */
  inForce(): Promise<unknown>;
}

/** Rooms that span all gateways, over Redis sharded pub/sub: one channel per room, so only who is in it hears of it. */
export const startSharedRooms = ({ redisUrl, prefix, onError }: SharedRoomsOptions): SharedRooms => {
  const publishing = connectRedis(redisUrl, 'command', onError);
  const subscribing = connectRedis(redisUrl, 'subscribe', onError);
  // A connection that we end rejects what it had under way, which is no news then.
  let isStopping = false;
  const report = (error: Error): void => {
    if (!isStopping) onError(error);
  };
  const hearing = guardedClient(subscribing, report);
  return {
    inForce: hearing.subscriptionsInForce,
    createAdapter: createShardedAdapter(guardedClient(publishing, report), hearing, {
      channelPrefix: adapterChannelPrefix(prefix),
      subscriptionMode: 'dynamic',
    }),
    isConnected: () => publishing.status === 'ready' && subscribing.status === 'ready',
    async [Symbol.asyncDispose]() {
      isStopping = true;
      publishing.disconnect();
      subscribing.disconnect();
    },
  };
};
