import { randomUUID } from 'node:crypto';
import { startRedis } from '@trunkline/backing-services';
import { until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { type PushSystem, startPushSystem } from './push-system.ts';

const PATH = '/v1/server/notifications';
const PATIENCE_MS = 300_000;

/** So that no attempt runs out of time on a busy machine: what a provider took and did not answer in time is sent again. */
const FEW_AT_ONCE = { JOB_CONCURRENCY: '2', PUSH_CONCURRENCY: '10' };

/** One job at a time, at a pace at which a test can step in; what is broken off is not logged. */
const SLOWLY = { ...FEW_AT_ONCE, JOB_CONCURRENCY: '1', FCM_RATE_PER_SECOND: '400', LOG_LEVEL: 'silent' };

/** Users with a token each, as if they had registered over days. */
const registerMany = async ({ system }: PushSystem, count: number): Promise<string[]> => {
  const users = Array.from({ length: count }, (_, index) => `user-${String(index).padStart(5, '0')}`);
  await system.database.query(
    `INSERT INTO push_targets (user_id, provider, platform, kind, address)
     SELECT user_id, 'fcm', 'android', 'token', 'token-of-' || user_id FROM unnest($1::text[]) AS u (user_id)`,
    [users],
  );
  return users;
};

const send = async ({ backend }: PushSystem, userIds: readonly string[], dedupeKey: string = randomUUID()): Promise<string> => {
  const answer = await backend.post(PATH, { userIds, type: 'system_alert', template: { title: 'Hello' }, dedupeKey });
  expect(answer.status).toBe(202);
  return answer.body.id;
};

const progress = async ({ backend }: PushSystem, id: string) => (await backend.get(`${PATH}/${id}`)).body;

const isDone = (world: PushSystem, id: string): Promise<unknown> =>
  until('the notification to many is done', async () => (await progress(world, id)).status === 'done', PATIENCE_MS);

/** How often each target was sent to. */
const timesSent = ({ standIn }: PushSystem): Map<string, number> => {
  const times = new Map<string, number>();
  for (const { target } of standIn.received()) times.set(target, (times.get(target) ?? 0) + 1);
  return times;
};

/** What a provider has, and call-service does not know of: it was in flight. */
const sentButNotRecorded = async ({ standIn, system }: PushSystem, id: string): Promise<Set<string>> => {
  const sent = standIn.received().map(({ target }) => target);
  const recorded = await system.database.query<{ address: string }>(
    `SELECT t.address FROM pushes p JOIN push_targets t ON t.id = p.target_id WHERE p.bulk_id = $1 AND p.status = 'accepted'`,
    [id],
  );
  return new Set(sent).difference(new Set(recorded.map(({ address }) => address)));
};

/** What was sent more than once, and what call-service knows of that. */
const sentAgain = async (world: PushSystem): Promise<object[]> => {
  const again = [...timesSent(world)].flatMap(([target, count]) => (count > 1 ? [target] : []));
  return world.system.database.query(
    'SELECT t.address, p.attempt, p.failures, p.error FROM pushes p JOIN push_targets t ON t.id = p.target_id WHERE t.address = ANY ($1)',
    [again],
  );
};

it(
  'ten thousand users: every target once, and a second request under the same key sends nothing',
  async () => {
    await using world = await startPushSystem({ gateways: 0, settings: FEW_AT_ONCE });
    const users = await registerMany(world, 10_000);
    const key = randomUUID();
    const id = await send(world, users, key);
    expect(await send(world, users, key)).toBe(id);
    await isDone(world, id);
    expect(await progress(world, id)).toMatchObject({ users: 10_000, accepted: 10_000, queued: 0, failed: 0, expired: 0 });
    expect(await sentAgain(world)).toEqual([]);
    expect(timesSent(world).size).toBe(10_000);
  },
  PATIENCE_MS + 20_000,
);

it(
  'Redis flushed in the middle: no push is lost, and none is sent twice',
  async () => {
    await using redis = await startRedis({ env: {}, dataFolder: null, report: () => undefined });
    await using world = await startPushSystem({ gateways: 0, settings: { ...SLOWLY, REDIS_URL: redis.url } });
    const users = await registerMany(world, 3000);
    const id = await send(world, users);
    await until('some are sent', () => world.standIn.received().length > 300);
    await world.system.redis.flushall();
    await isDone(world, id);
    expect(await progress(world, id)).toMatchObject({ accepted: 3000, failed: 0, expired: 0 });
    expect(await sentAgain(world)).toEqual([]);
    expect(timesSent(world).size).toBe(3000);
  },
  PATIENCE_MS + 20_000,
);

it(
  'kill -9 of the notifier in mid-batch: no push is lost, and at most those in flight are sent twice',
  async () => {
    await using world = await startPushSystem({ gateways: 0, asProcesses: ['notifier'], settings: SLOWLY });
    const users = await registerMany(world, 2000);
    const id = await send(world, users);
    const notifier = world.system.process('notifier', 0);
    await until('some are sent', () => world.standIn.received().length > 300);
    await notifier.kill();
    const inFlight = await sentButNotRecorded(world, id);
    expect(world.standIn.received().length).toBeLessThan(2000);
    await notifier.start();
    await isDone(world, id);
    const times = timesSent(world);
    expect(times.size).toBe(2000);
    const twice = [...times].flatMap(([target, count]) => (count > 1 ? [[target, count]] : []));
    expect(twice).toEqual(twice.map(([target]) => [target, 2]));
    expect(twice.filter(([target]) => !inFlight.has(String(target)))).toEqual([]);
  },
  PATIENCE_MS + 20_000,
);
