import { backingUrls, startSystem, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { createHearer } from './redis-hearer.ts';

it('what Redis does not take holds up nothing that it takes', async () => {
  await using redis = await createHearer(backingUrls().redisUrl, '*:probe:*', '*:notices', '*:rooms*', '*:calls:taken');
  await using system = await startSystem({ settings: { REDIS_URL: redis.url } });
  await system.database.query(
    `INSERT INTO outbox (call_id, seq, recipients, event, created_at)
     SELECT 'call-' || n, 1, ARRAY[CASE WHEN n > 500 THEN 'taken' ELSE 'refused' END], '{}', now() - interval '1 hour' + n * interval '1 second'
     FROM generate_series(1, 501) AS n`,
  );
  const left = () => system.database.query<{ user: string }>('SELECT DISTINCT recipients[1] AS user FROM outbox');
  await until('what Redis takes is published', async () => (await left()).length === 1);
  expect(await left()).toEqual([{ user: 'refused' }]);
  await redis.allow('*');
  await until('the rest is, once Redis takes it', async () => (await left()).length === 0);
});
