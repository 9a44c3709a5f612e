import { createHash } from 'node:crypto';
import { createRestClient, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { serverOf, startChatService } from './chat-door.ts';
import { startSecondCallService } from './running-call-service.ts';

it('a key made on one call-service opens the other at once, and is shut out everywhere once it is revoked', async () => {
  await using service = await startChatService();
  await using second = await startSecondCallService(service);
  const operator = serverOf(service);
  const made = await operator.post('/v1/server/keys', { name: 'backend-1' });
  expect(made.status).toBe(201);
  expect(made.headers.get('cache-control')).toBe('no-store');
  expect(made.body).toMatchObject({ name: 'backend-1', createdBy: 'environment-1', key: expect.stringMatching(/^tlk_[\w-]{43}$/) });
  const doors = [service, second].map(({ url }) => createRestClient(url, made.body.key));
  for (const door of doors) expect((await door.get('/v1/server/stats')).status).toBe(200);
  // The second has no key in its environment: that of the table lets its holder make the next one.
  expect((await doors[1]?.post('/v1/server/keys', { name: 'backend-2' }))?.body).toMatchObject({ createdBy: 'backend-1' });

  expect((await operator.request('DELETE', '/v1/server/keys/backend-1')).body).toEqual({
    name: 'backend-1',
    revokedAt: expect.any(String),
  });
  for (const door of doors) expect((await door.get('/v1/server/stats')).status).toBe(401);
  const again = await operator.request('DELETE', '/v1/server/keys/backend-1');
  expect(again.status).toBe(200);

  const { items } = (await operator.get('/v1/server/audit')).body;
  expect(items.map(({ key, action, detail }: Record<string, unknown>) => [key, action, detail])).toEqual([
    ['environment-1', 'revoke_key', { name: 'backend-1' }],
    ['backend-1', 'create_key', { name: 'backend-2' }],
    ['environment-1', 'create_key', { name: 'backend-1' }],
  ]);
});

it('only the hash of a key is stored, and no list shows more than when it was used', async () => {
  await using service = await startChatService();
  const operator = serverOf(service);
  const { key } = (await operator.post('/v1/server/keys', { name: 'backend' })).body;
  const rows = await service.database.query<{ hash: Buffer; all: string }>('SELECT hash, k::text AS all FROM server_keys k');
  expect(rows.map(({ hash }) => hash.toString('hex'))).toEqual([createHash('sha256').update(key).digest('hex')]);
  expect(rows[0]?.all).not.toContain(key);
  const listed = async () => (await operator.get('/v1/server/keys')).body.items;
  expect(await listed()).toEqual([
    { name: 'environment-1', source: 'environment', createdAt: null, createdBy: null, lastUsedAt: null, revokedAt: null },
    { name: 'backend', source: 'table', createdAt: expect.any(String), createdBy: 'environment-1', lastUsedAt: null, revokedAt: null },
  ]);
  await createRestClient(service.url, key).get('/v1/server/stats');
  await until('its use is known', async () => (await listed())[1].lastUsedAt !== null);
});

it('a name is given once, and none that looks like a key of the environment', async () => {
  await using service = await startChatService();
  const operator = serverOf(service);
  await operator.post('/v1/server/keys', { name: 'backend' });
  await operator.request('DELETE', '/v1/server/keys/backend');
  const taken = await operator.post('/v1/server/keys', { name: 'backend' });
  expect([taken.status, taken.body.error]).toEqual([409, expect.objectContaining({ code: 'conflict', field: 'name' })]);
  for (const name of ['', 'environment-7', 'two words', 'x'.repeat(65), 1]) {
    const refused = await operator.post('/v1/server/keys', { name });
    expect([name, refused.status, refused.body.error.field]).toEqual([name, 400, 'name']);
  }
  expect((await operator.request('DELETE', '/v1/server/keys/environment-1')).status).toBe(404);
});

it('nobody else is let in: no key, a user, what looks like a key', async () => {
  await using service = await startChatService();
  const { key } = (await serverOf(service).post('/v1/server/keys', { name: 'backend' })).body;
  for (const given of [null, 'wrong', 'tlk_', `${key}x`, key.slice(0, -1)]) {
    const stranger = createRestClient(service.url, given);
    for (const path of ['/v1/server/keys', '/v1/server/audit', '/v1/server/calls', '/v1/server/users/ann'])
      expect([path, (await stranger.get(path)).status]).toEqual([path, 401]);
  }
});

it('what is done with a key to chats, users and notifications is in the audit log under its name, page by page', async () => {
  await using service = await startChatService();
  const { key } = (await serverOf(service).post('/v1/server/keys', { name: 'backend' })).body;
  const backend = createRestClient(service.url, key);
  const chat = (await backend.post('/v1/chat', { order_id: 'o', user_id: 'ann', shopper_id: 'sho' })).body;
  await backend.post(`/v1/server/chats/${chat.id}/messages`, { content: 'hello' });
  await backend.request('PUT', `/v1/server/chats/${chat.id}/members/bob`, { role: 'user' });
  await backend.request('DELETE', `/v1/server/chats/${chat.id}/members/bob`);
  await backend.post('/v1/server/events', { type: 'custom:thing', userIds: ['ann'], data: {} });
  await backend.post('/v1/server/notifications', { userIds: ['ann'], type: 'promotional', data: {} });
  await backend.request('DELETE', '/v1/server/users/bob');
  const all = (await backend.get('/v1/server/audit?key=backend')).body.items;
  expect(all.map(({ action }: { action: string }) => action)).toEqual([
    'erase_user',
    'create_notification',
    'custom:thing',
    'remove_member',
    'put_member',
    'speak',
    'create_chat',
  ]);
  const pages: string[] = [];
  let cursor = '';
  for (let page = 0; page < 10; page += 1) {
    const { items, nextCursor } = (await backend.get(`/v1/server/audit?key=backend&limit=3${cursor}`)).body;
    pages.push(...items.map(({ id }: { id: string }) => id));
    if (nextCursor === null) break;
    cursor = `&cursor=${nextCursor}`;
  }
  expect(pages).toEqual(all.map(({ id }: { id: string }) => id));
  const ofChat = (await backend.get(`/v1/server/audit?chatId=${chat.id}&action=speak`)).body.items;
  expect(ofChat).toMatchObject([{ key: 'backend', chatId: chat.id, detail: { senderId: 'system' } }]);
  expect((await backend.get('/v1/server/audit?since=2000-01-01T00:00:00Z&until=2001-01-01T00:00:00Z')).body).toEqual({
    items: [],
    nextCursor: null,
  });
  for (const query of ['limit=0', 'limit=201', 'cursor=x', 'since=yesterday', 'chatId=x'])
    expect([query, (await backend.get(`/v1/server/audit?${query}`)).status]).toEqual([query, 400]);
});
