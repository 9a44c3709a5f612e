import { randomUUID } from 'node:crypto';
import { createRestClient, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushClient } from './push-client.ts';
import { type RunningCallService, startRunningCallService } from './running-call-service.ts';

const PATH = '/v1/server/notifications';
const KEY = 'a-server-key-of-tests-only';

let service: RunningCallService;
let client: ReturnType<typeof pushClient>;

beforeAll(async () => {
  service = await startRunningCallService({ SERVER_API_KEYS: KEY, LIMIT_REST_PER_MINUTE: '0' });
  client = pushClient(service);
});
afterAll(() => service[Symbol.asyncDispose]());

const backend = () => createRestClient(service.url, KEY);
const bulkPushes = (bulkId: string) =>
  service.database.query<{ id: string; user_id: string; content: Record<string, unknown>; attempt: number }>(
    'SELECT * FROM pushes WHERE bulk_id = $1 ORDER BY user_id',
    [bulkId],
  );

const create = async (body: object): Promise<string> => {
  const answer = await backend().post(PATH, { type: 'custom', ...body });
  if (answer.status !== 202) throw new Error(`a bulk was answered ${answer.status}: ${answer.text}`);
  return answer.body.id;
};

const expanded = async (id: string) => {
  const row = await until('the bulk is expanded', async () => {
    const [bulk] = await service.database.query<{ done: boolean; taken: number }>(
      'SELECT expanded_at IS NOT NULL AS done, taken FROM bulks WHERE id = $1',
      [id],
    );
    return bulk?.done === true ? bulk : null;
  });
  return { pushes: await bulkPushes(id), taken: row.taken };
};

describe('a notification to many', () => {
  it('reaches each target of each user once, and shows its progress', async () => {
    const [ann, bob] = [`ann-${randomUUID()}`, `bob-${randomUUID()}`];
    await client.device(ann, 'phone');
    await client.device(ann, 'tablet');
    await client.device(bob);
    const id = await create({
      userIds: [ann, bob, ann, 'has-no-target'],
      template: { title: 'Hello', body: 'Everybody' },
      data: { link: '/here', count: 3 },
    });
    const { pushes } = await expanded(id);
    expect(pushes.map(({ user_id }) => user_id)).toEqual([ann, ann, bob]);
    expect(pushes[0]?.content).toEqual({
      type: 'custom',
      name: null,
      title: 'Hello',
      body: 'Everybody',
      data: { link: '/here', count: '3' },
    });
    const [first, second, third] = await client.claim(pushes);
    await client.report(
      { outcome: 'accepted', id: first?.id, attempt: 1, providerId: null },
      { outcome: 'failed', id: second?.id, attempt: 1, error: 'no' },
      { outcome: 'expired', id: third?.id, attempt: 1 },
    );
    expect((await backend().get(`${PATH}/${id}`)).body).toMatchObject({
      id,
      type: 'custom',
      status: 'done',
      users: 3,
      queued: 0,
      accepted: 1,
      failed: 1,
      expired: 1,
    });
  });

  it('goes to everybody who has a target', async () => {
    await service.database.query(
      `INSERT INTO push_targets (user_id, provider, platform, kind, address)
       SELECT 'one-of-many-' || n, 'fcm', 'android', 'token', 'token-of-many-' || n FROM generate_series(1, 1203) AS n`,
    );
    const { pushes, taken } = await expanded(await create({ all: true, type: 'system_alert' }));
    const many = pushes.filter(({ user_id }) => user_id.startsWith('one-of-many-'));
    expect(new Set(many.map(({ user_id }) => user_id)).size).toBe(1203);
    expect(many).toHaveLength(1203);
    expect(taken).toBeGreaterThanOrEqual(1203);
  });

  it('is suppressed when its dedupe key came before, and refused when that was for something else', async () => {
    const user = `user-${randomUUID()}`;
    await client.device(user);
    const body = { userIds: [user], type: 'order_update', data: { orderId: '7', status: 'shopping' }, dedupeKey: randomUUID() };
    const id = await create(body);
    const again = await backend().post(PATH, body);
    expect([again.status, again.body]).toEqual([202, { id, duplicate: true }]);
    const { pushes } = await expanded(id);
    expect(pushes.map(({ content }) => content)).toEqual([{ type: 'order_update', orderId: '7', status: 'shopping' }]);
    const other = await backend().post(PATH, { ...body, data: { orderId: '8', status: 'shopping' } });
    expect(other).toMatchObject({ status: 409, body: { error: { code: 'conflict', field: 'dedupeKey' } } });
  });

  it('about an order says what its template says, and brings further data', async () => {
    const user = `user-${randomUUID()}`;
    await client.device(user);
    const contentOf = async (body: object) => (await expanded(await create({ userIds: [user], ...body }))).pushes.at(0)?.content;
    const said = { name: null, title: 'Your order', body: 'It is on its way' };
    const template = { title: 'Your order', body: 'It is on its way' };
    const order = { orderId: '7', status: 'shopping' };
    expect(await contentOf({ type: 'order_update', data: { ...order, items: 3 }, template })).toEqual({
      type: 'order_update',
      ...order,
      ...said,
      data: { items: '3' },
    });
    expect(await contentOf({ type: 'receipt_shared', data: { orderId: '7', status: 'paid' }, template: 'receipt' })).toEqual({
      type: 'receipt_shared',
      orderId: '7',
      name: 'receipt',
      title: null,
      body: null,
      data: { status: 'paid' },
    });
  });

  it.each([
    ['template', { template: { title: 'Your order' } }],
    ['further data', { data: { orderId: '7', status: 'shopping', items: 3 } }],
  ])('that differs only in its %s is another one', async (_what, change) => {
    const body = { userIds: ['ann'], type: 'order_update', data: { orderId: '7', status: 'shopping' }, dedupeKey: randomUUID() };
    await create(body);
    expect(await backend().post(PATH, { ...body, ...change })).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } });
  });

  it('is taken in either spelling', async () => {
    const user_ids = [`user-${randomUUID()}`];
    const [dedupe_key, send_at] = [randomUUID(), new Date(Date.now() + 3_600_000).toISOString()];
    const id = await create({ user_ids, dedupe_key, send_at });
    expect((await backend().get(`${PATH}/${id}`)).body).toMatchObject({ status: 'waiting', users: 1 });
    const again = await backend().post(PATH, { type: 'custom', userIds: user_ids, dedupeKey: dedupe_key, sendAt: send_at });
    expect(again.body).toEqual({ id, duplicate: true });
    const other = await backend().post(PATH, { type: 'system_alert', user_ids, dedupe_key, send_at });
    expect(other).toMatchObject({ status: 409, body: { error: { code: 'conflict', field: 'dedupe_key' } } });
  });

  it('waits for its time', async () => {
    const user = `user-${randomUUID()}`;
    await client.device(user);
    const id = await create({ userIds: [user], sendAt: new Date(Date.now() + 3_600_000).toISOString() });
    await expanded(await create({ userIds: [user] }));
    expect(await bulkPushes(id)).toEqual([]);
    expect((await backend().get(`${PATH}/${id}`)).body).toMatchObject({ status: 'waiting', users: 1, queued: 0 });
    await service.database.query('UPDATE bulks SET send_at = now() WHERE id = $1', [id]);
    expect((await expanded(id)).pushes).toHaveLength(1);
  });

  it('respects what users want to hear of', async () => {
    const [willing, unwilling] = [`willing-${randomUUID()}`, `unwilling-${randomUUID()}`];
    await client.device(willing);
    await client.device(unwilling);
    await (await client.as(willing)).request('PUT', '/v1/notifications/preferences', { promotional: true });
    const { pushes } = await expanded(await create({ userIds: [willing, unwilling], type: 'promotional', template: 'spring' }));
    expect(pushes.map(({ user_id, content }) => [user_id, content['name']])).toEqual([[willing, 'spring']]);
  });

  it.each([
    ['type', { type: 'lottery' }],
    ['userIds', {}],
    ['userIds', { userIds: [] }],
    ['userIds', { userIds: ['ann'], all: true }],
    ['userIds.0', { userIds: [''] }],
    ['userIds', { userIds: Array.from({ length: 10_001 }, (_, index) => `user-${index}`) }],
    ['all', { all: false }],
    ['data', { userIds: ['ann'], data: { from: 'us' } }],
    ['data', { userIds: ['ann'], data: { text: 'x'.repeat(1900), more: 'x'.repeat(1900) } }],
    [
      'data',
      {
        userIds: ['ann'],
        data: { text: 'x'.repeat(2000), more: 'x'.repeat(940) },
        template: { title: 'あ'.repeat(100), body: 'あ'.repeat(400) },
      },
    ],
    ['data.orderId', { userIds: ['ann'], type: 'receipt_shared' }],
    ['sendAt', { userIds: ['ann'], sendAt: 'tomorrow' }],
    ['dedupeKey', { userIds: ['ann'], dedupeKey: '' }],
    ['users', { users: ['ann'], userIds: ['ann'] }],
    ['user_ids', { user_ids: [] }],
    ['user_ids', { user_ids: ['ann'], all: true }],
  ])('with a bad %s is refused', async (field, body) => {
    const answer = await backend().post(PATH, { type: 'custom', ...body });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'parse_error', field } } });
  });

  it('is for the holder of a server key alone, and nobody knows one that never was', async () => {
    expect((await (await client.as('ann')).post(PATH, { userIds: ['bob'], type: 'custom' })).status).toBe(401);
    expect((await createRestClient(service.url, null).get(`${PATH}/${randomUUID()}`)).status).toBe(401);
    expect(await backend().get(`${PATH}/${randomUUID()}`)).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
    expect((await backend().get(`${PATH}/no-id`)).status).toBe(404);
  });
});

it('the history of a user shows each notification once, newest first, page by page, and nobody else’s', async () => {
  const user = `reader-${randomUUID()}`;
  await client.device(user, 'phone');
  await client.device(user, 'tablet');
  for (const status of ['taken', 'shopping', 'done']) {
    await expanded(await create({ userIds: [user], type: 'order_update', data: { orderId: '7', status } }));
  }
  const rest = await client.as(user);
  const { body: first } = await rest.get('/v1/notifications/history?limit=2');
  expect(first.items).toMatchObject([
    { type: 'order_update', data: { orderId: '7', status: 'done' }, status: 'queued', targets: 2 },
    { data: { status: 'shopping' } },
  ]);
  const { body: second } = await rest.get(`/v1/notifications/history?limit=2&cursor=${first.nextCursor}`);
  expect(second).toMatchObject({ items: [{ data: { status: 'taken' } }], nextCursor: null });
  expect((await (await client.as('a-stranger')).get('/v1/notifications/history')).body).toEqual({ items: [], nextCursor: null });
  expect(await rest.get('/v1/notifications/history?cursor=7')).toMatchObject({ status: 400, body: { error: { field: 'cursor' } } });
});
