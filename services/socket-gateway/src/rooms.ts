import { createShardedAdapter } from '@socket.io/redis-adapter';
import { adapterChannelPrefix, connectRedis, HeldChannels, type RedisConnection } from '@trunkline/bus';

type MessageListener = (text: Buffer, channel: Buffer) => void;

/**
 * A Redis connection in the shape of the `redis` package. The adapter drops the promises of its commands, and of an
 * ioredis client a dropped rejection would end the process; here each is caught.
 */
const guardedClient = (redis: RedisConnection, onError: (error: Error) => void) => {
  const listeners = new Map<string, MessageListener>();
  const held = new HeldChannels({ redis, onError });
  redis.on('smessageBuffer', (channel: Buffer, text: Buffer) => listeners.get(channel.toString())?.(text, channel));
  const pending = new Set<Promise<void>>();
  return {
    subscriptionsInForce: (): Promise<unknown> => Promise.all(pending),
    sSubscribe: (channel: string, listener: MessageListener): void => {
      listeners.set(channel, listener);
      const { inForce } = held.hold(channel);
      pending.add(inForce);
      void inForce.then(() => pending.delete(inForce));
    },
    sUnsubscribe: (channel: string): void => {
      listeners.delete(channel);
      held.leave(channel);
    },
    sPublish: (channel: string, text: string | Buffer): Promise<unknown> => redis.spublish(channel, text).catch(onError),
    sendCommand: ([name = '', ...words]: string[]): Promise<unknown> => redis.call(name, ...words),
    [Symbol.dispose]: () => {
      held[Symbol.dispose]();
      redis.disconnect();
    },
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
  const [telling, hearing] = [guardedClient(publishing, report), guardedClient(subscribing, report)];
  return {
    inForce: hearing.subscriptionsInForce,
    createAdapter: createShardedAdapter(telling, hearing, {
      channelPrefix: adapterChannelPrefix(prefix),
      subscriptionMode: 'dynamic',
    }),
    isConnected: () => publishing.status === 'ready' && subscribing.status === 'ready',
    async [Symbol.asyncDispose]() {
      isStopping = true;
      telling[Symbol.dispose]();
      hearing[Symbol.dispose]();
    },
  };
};
