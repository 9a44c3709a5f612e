import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connectRedis, gatherTurn } from '@trunkline/bus';
import { backingUrls } from '@trunkline/testing';
import { expect, it } from 'vitest';

it('what one turn sends to Redis leaves as one write, and what comes later as another', async () => {
  await using parts = new AsyncDisposableStack();
  const redis = connectRedis(backingUrls().redisUrl, 'subscribe', (error) => expect.unreachable(error.message));
  parts.defer(() => redis.disconnect());
  // Before there is a connection there is nothing to gather.
  gatherTurn(redis);
  await once(redis, 'ready');
  const writes: number[] = [];
  const stream = redis.stream as unknown as Record<'_write' | '_writev', (...args: unknown[]) => void>;
  const { _write, _writev } = stream;
  stream._write = (...args) => {
    writes.push(1);
    _write.apply(stream, args);
  };
  stream._writev = (...args) => {
    writes.push((args[0] as unknown[]).length);
    _writev.apply(stream, args);
  };
  const subscribe = (): Promise<unknown> => {
    gatherTurn(redis);
    return redis.ssubscribe(randomUUID());
  };
  await Promise.all([subscribe(), subscribe(), subscribe()]);
  await subscribe();
  expect(writes).toEqual([3, 1]);
});
