import { backingUrls, startFaultProxy } from '@trunkline/testing';
import { expect, it, vi } from 'vitest';
import { android, RING, startPushLine } from './push-line.ts';

/** Longer, and a ring would be over before its phone heard of it. */
const NOTICED = { timeout: 30_000, interval: 10 };

it('a notifier gives half-open connections to Redis up and makes others', { timeout: 60_000 }, async () => {
  await using relay = await startFaultProxy(backingUrls().redisUrl);
  await using line = await startPushLine({ REDIS_URL: relay.url });
  await line.send({ content: RING, address: android('before') });
  relay.swallow();
  relay.pass();
  const id = line.door.put({ content: RING, address: android('after') });
  await line.enqueue([id]);
  await vi.waitFor(() => expect(line.door.resultOf(id)).toMatchObject({ outcome: 'accepted' }), NOTICED);
});
