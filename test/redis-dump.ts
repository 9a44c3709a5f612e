import type { RedisConnection } from '@trunkline/bus';

const READ: Readonly<Record<string, readonly [command: string, ...more: string[]]>> = {
  string: ['GET'],
  hash: ['HGETALL'],
  list: ['LRANGE', '0', '-1'],
  set: ['SMEMBERS'],
  zset: ['ZRANGE', '0', '-1'],
  stream: ['XRANGE', '-', '+'],
};

const readKey = async (redis: RedisConnection, key: string): Promise<unknown> => {
  const type = String(await redis.call('TYPE', key));
  // A job may be done meanwhile.
  if (type === 'none') return null;
  const read = READ[type];
  if (read === undefined) throw new Error(`${key} is a ${type}, which is not read here`);
  const [command, ...more] = read;
  return redis.call(command, key, ...more);
};

/** Everything that Redis keeps under a prefix, as text. */
export const dumpRedis = async (redis: RedisConnection, prefix: string): Promise<string> => {
  const found: unknown[] = [];
  let cursor = '0';
  do {
    const [next, keys] = (await redis.call('SCAN', cursor, 'MATCH', `*${prefix}*`, 'COUNT', '1000')) as [string, string[]];
    cursor = next;
    for (const key of keys) found.push([key, await readKey(redis, key)]);
  } while (cursor !== '0');
  return JSON.stringify(found);
};
