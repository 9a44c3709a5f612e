import { createShardedAdapter } from '@socket.io/redis-adapter';
import { adapterChannelPrefix, connectRedis, HeldChannels, leaveReplicas, type RedisConnection } from '@trunkline/bus';

type MessageListener = (text: Buffer, channel: Buffer) => void;

interface HeardChannel {
  readonly listener: MessageListener;
  readonly holding: ReturnType<HeldChannels['hold']>;
}

/**
 * A Redis connection in the shape of the `redis` package. The adapter drops the promises of its commands, and of an
 * ioredis client a dropped rejection would end the process; here each is caught.
 */
const guardedClient = (redis: RedisConnection, onError: (error: Error) => void) => {
  const heard = new Map<string, HeardChannel>();
  const held = new HeldChannels({ redis, onError });
  redis.on('smessageBuffer', (channel: Buffer, text: Buffer) => heard.get(channel.toString())?.listener(text, channel));
  return {
    inForce: async (channel: string): Promise<void> => {
      if (redis.status === 'ready') await heard.get(channel)?.holding.inForce;
    },
    sSubscribe: (channel: string, listener: MessageListener): void => {
      heard.set(channel, { listener, holding: held.hold(channel) });
    },
    sUnsubscribe: (channel: string): void => {
      heard.delete(channel);
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
  /** Resolves when this gateway hears that room, which a session of it has entered; at once while Redis is away. */
  inForce(namespace: string, room: string): Promise<void>;
}

/** Rooms that span all gateways, over Redis sharded pub/sub: one channel per room, so only who is in it hears of it. */
export const startSharedRooms = ({ redisUrl, prefix, onError }: SharedRoomsOptions): SharedRooms => {
  const publishing = connectRedis(redisUrl, 'command', onError);
  const subscribing = connectRedis(redisUrl, 'subscribe', onError);
  leaveReplicas(publishing, subscribing);
  // A connection that we end rejects what it had under way, which is no news then.
  let isStopping = false;
  const report = (error: Error): void => {
    if (!isStopping) onError(error);
  };
  const [telling, hearing] = [guardedClient(publishing, report), guardedClient(subscribing, report)];
  const channelPrefix = adapterChannelPrefix(prefix);
  return {
    inForce: (namespace, room) => hearing.inForce(`${channelPrefix}#${namespace}#${room}#`),
    createAdapter: createShardedAdapter(telling, hearing, { channelPrefix, subscriptionMode: 'dynamic' }),
    isConnected: () => publishing.status === 'ready' && subscribing.status === 'ready',
    async [Symbol.asyncDispose]() {
      isStopping = true;
      telling[Symbol.dispose]();
      hearing[Symbol.dispose]();
    },
  };
};
