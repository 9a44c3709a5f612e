import { Cluster, type ClusterOptions, Redis, type RedisOptions, ReplyError } from 'ioredis';

export type RedisConnection = Redis;

const RETRY_CAP_MS = 1000;
const retryStrategy = (attempt: number): number => Math.min(attempt * 50, RETRY_CAP_MS);

type Options = Omit<RedisOptions, 'replyMapping'>;

/** What a replica says to whoever would write: it may have been the primary when the connection was made. */
const isFromReplica = ({ message }: Error): boolean => message.startsWith('READONLY');

const SHARED: Options = {
  retryStrategy,
  connectTimeout: 5000,
  keepAlive: 5000,
  reconnectOnError: (error) => (isFromReplica(error) ? 1 : false),
};

/** Redis answered, and does not do it: it is full, or whoever asks may not. Where it is away there is no answer. */
export const isRefusal = (error: Error): boolean => error instanceof ReplyError;

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
  // Longer than the ten seconds at most for which BullMQ has Redis wait for a job without a word.
  worker: { ...SHARED, maxRetriesPerRequest: null, socketTimeout: 15_000 },
};

/** How soon a cluster that changed is looked at again, in milliseconds. */
const TOPOLOGY_EVERY_MS = 1000;

/** Of a node that is reached by a name, the certificate holds the name. */
const keepName: ClusterOptions['dnsLookup'] = (name, done) => done(null, name);

/** What the nodes share is said by the first; the rest of each URL is where the node is. */
const connectCluster = (urls: readonly string[], use: RedisUse): RedisConnection => {
  const { protocol, username, password } = new URL(urls[0] as string);
  const { retryStrategy: clusterRetryStrategy, ...options } = OPTIONS[use];
  const credentials = { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password: decodeURIComponent(password) }) };
  const secure = protocol === 'rediss:';
  const cluster = new Cluster([...urls], {
    clusterRetryStrategy: clusterRetryStrategy as (attempt: number) => number,
    redisOptions: { ...options, ...credentials, ...(secure ? { tls: {} } : {}) },
    enableOfflineQueue: use !== 'command',
    // What cannot be sent now is not sent later: one look at where the slot has gone, no waiting for it to come back.
    ...(use === 'command' ? { maxRedirections: 1 } : {}),
    shardedSubscribers: use === 'subscribe',
    slotsRefreshInterval: TOPOLOGY_EVERY_MS,
    slotsRefreshTimeout: 2000,
    ...(secure ? { dnsLookup: keepName } : {}),
  });
  // Nodes connect at their first command, and what must not wait would be refused meanwhile.
  cluster.on('+node', (node: Redis) => void (node.status === 'wait' && node.connect().catch(() => undefined)));
  // It answers the commands of one Redis; where it does not, `isCluster` tells them apart.
  return cluster as unknown as RedisConnection;
};

/** The URL of a Redis, or those of some nodes of a Redis Cluster, separated by commas. */
export type RedisUrl = string;

/** Connects in the background; `onError` hears of each failure, which the connection itself survives. */
export const connectRedis = (url: RedisUrl, use: RedisUse, onError: (error: Error) => void): RedisConnection => {
  const urls = url.split(',');
  const connection = urls.length > 1 ? connectCluster(urls, use) : new Redis(url, OPTIONS[use]);
  connection.on('error', onError);
  return connection;
};

const LOOK_FOR_REPLICAS_EVERY_MS = 2000;
/** A replica refuses any script that does not say that it only reads. */
const REFUSED_BY_REPLICAS = '#!lua flags=allow-oom\nreturn 1';

/**
 * Publishing and hearing is possible at a replica too, with nobody else there. So one connection, made for `command`, looks whether it has
 * come to one: then it, and those that go along with it, connect anew. A cluster knows its primaries by itself.
 */
export const leaveReplicas = (looking: RedisConnection, ...along: RedisConnection[]): void => {
  if (looking.isCluster) return;
  const look = async (): Promise<void> => {
    const refusal = await looking.eval(REFUSED_BY_REPLICAS, 0).catch((error: Error) => error);
    if (refusal instanceof Error && isFromReplica(refusal)) for (const redis of along) redis.disconnect(true);
  };
  const timer = setInterval(() => void (looking.status === 'ready' && look()), LOOK_FOR_REPLICAS_EVERY_MS);
  looking.once('end', () => clearInterval(timer));
};

/** What one turn of the event loop sends to one Redis leaves as one write: many sessions at once cost few. To be called before each command. */
export const gatherTurn = ({ stream }: Pick<RedisConnection, 'stream'>): void => {
  // A cluster has none of its own, nor has a connection that is not made yet.
  if (stream === undefined || stream === null || stream.writableCorked > 0) return;
  stream.cork();
  setImmediate(() => stream.uncork());
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
