import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connectRedis } from '@trunkline/bus';
import { expect } from 'vitest';

/** A user of Redis, or of each node of a cluster, who may hear channels only as long as the test allows them, each a pattern. */
export const createHearer = async (redisUrl: string, ...allowed: string[]) => {
  await using starting = new AsyncDisposableStack();
  const [name, password] = [randomUUID(), randomUUID()];
  const admins = redisUrl.split(',').map((url) => connectRedis(url, 'command', (error) => expect.unreachable(error.message)));
  starting.defer(() => admins.forEach((admin) => void admin.disconnect()));
  for (const admin of admins) if (admin.status !== 'ready') await once(admin, 'ready');
  const rules = ['on', `>${password}`, '~*', '+@all', 'resetchannels'];
  /** Redis ends the connections of who hears what it may not any more. */
  const allow = async (...channels: string[]): Promise<void> => {
    for (const admin of admins) await admin.call('ACL', 'SETUSER', name, ...rules, ...channels.map((channel) => `&${channel}`));
  };
  await allow(...allowed);
  starting.defer(async () => {
    for (const admin of admins) await admin.call('ACL', 'DELUSER', name);
  });
  const url = redisUrl.replaceAll('redis://', `redis://${name}:${password}@`);
  const running = starting.move();
  return { url, allow, [Symbol.asyncDispose]: () => running.disposeAsync() };
};
