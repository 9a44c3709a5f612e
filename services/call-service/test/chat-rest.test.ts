import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { BETWEEN, clientOf, openChat, serverOf, startChatService } from './chat-door.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const cursorOf = (...parts: unknown[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

it('a chat is made once for an order and its two members, and greets once', async () => {
  await using service = await startChatService();
  const ann = await clientOf(service, 'ann');
  const made = await ann.post('/v1/chat', { ...BETWEEN, initial_message: 'Hello! Ready to start shopping.' });
  expect(made.status).toBe(201);
  expect(made.body).toEqual({
    ...BETWEEN,
    id: expect.stringMatching(UUID_V7),
    status: 'active',
    created_at: expect.stringMatching(ISO),
    updated_at: expect.stringMatching(ISO),
    last_message: {
      id: expect.stringMatching(UUID_V7),
      content: 'Hello! Ready to start shopping.',
      type: 'text',
      sender_role: 'user',
      created_at: expect.stringMatching(ISO),
    },
    unread_count: 0,
  });
  const shopper = await clientOf(service, 'sho', 'shopper');
  const again = await shopper.post('/v1/chat', { orderId: 'order-1', userId: 'ann', shopperId: 'sho', initialMessage: 'again' });
  expect([again.status, again.body]).toEqual([200, { ...made.body, unread_count: 1 }]);
  const other = await ann.post('/v1/chat', { ...BETWEEN, order_id: 'order-2' });
  expect([other.status, other.body.last_message]).toEqual([201, null]);
  expect(other.body.id).not.toBe(made.body.id);
});

it('many who open the same chat at once get one', async () => {
  await using service = await startChatService();
  const clients = [await clientOf(service, 'ann'), await clientOf(service, 'sho')];
  const asks = Array.from({ length: 20 }, (_, index) => clients[index % 2]?.post('/v1/chat', { ...BETWEEN, initial_message: 'Hi' }));
  const answers = await Promise.all(asks);
  expect(new Set(answers.map((answer) => answer?.body.id)).size).toBe(1);
  expect(answers.filter((answer) => answer?.status === 201)).toHaveLength(1);
  expect(await service.database.query('SELECT seq FROM messages')).toEqual([{ seq: 1 }]);
});

it('a message comes back as it is stored, and stands in history, list and chat', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const [ann, shopper] = [await clientOf(service, 'ann'), await clientOf(service, 'sho')];
  const sent = await ann.post(`/v1/chat/${chatId}/messages`, {
    content: 'Hello! How are you?',
    type: 'text',
    attachment_url: 'https://example.com/image.jpg',
    attachment_type: 'image/jpeg',
    metadata: { custom_field: 'value' },
    client_message_id: 'mine-1',
  });
  expect(sent.status).toBe(201);
  const message = {
    id: expect.stringMatching(UUID_V7),
    chat_id: chatId,
    sender_id: 'ann',
    sender_role: 'user',
    content: 'Hello! How are you?',
    type: 'text',
    attachment_url: 'https://example.com/image.jpg',
    attachment_type: 'image/jpeg',
    metadata: { custom_field: 'value' },
    client_message_id: 'mine-1',
    created_at: expect.stringMatching(ISO),
    read_at: null,
  };
  expect(sent.body).toEqual(message);
  expect(Object.keys(sent.body)).toEqual(Object.keys(message));
  expect((await shopper.get(`/v1/chat/${chatId}/messages`)).body).toEqual({ messages: [sent.body], total: 1, page: 1, limit: 50 });
  const { id, content, type, sender_role, created_at } = sent.body;
  const listed = (await shopper.get('/v1/chat/my-chats?page=1&limit=20')).body;
  expect(listed).toEqual({
    chats: [
      {
        ...BETWEEN,
        id: chatId,
        status: 'active',
        created_at: expect.stringMatching(ISO),
        updated_at: created_at,
        last_message: { id, content, type, sender_role, created_at },
        unread_count: 1,
      },
    ],
    total: 1,
    page: 1,
    limit: 20,
    next_cursor: null,
  });
  const members = [
    { user_id: 'ann', role: 'user' },
    { user_id: 'sho', role: 'shopper' },
  ];
  expect((await shopper.get(`/v1/chat/${chatId}`)).body).toEqual({ ...listed.chats[0], members });
  expect((await ann.get('/v1/chat/my-chats')).body.chats[0].unread_count).toBe(0);
});

it('what is read is marked by its id, once, and no longer counts', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const [ann, shopper] = [await clientOf(service, 'ann'), await clientOf(service, 'sho')];
  const ids: string[] = [];
  for (const content of ['one', 'two', 'three']) ids.push((await ann.post(`/v1/chat/${chatId}/messages`, { content })).body.id);
  const read = (who: typeof ann, message_ids: unknown) => who.request('PUT', `/v1/chat/${chatId}/messages/read`, { message_ids });
  const marked = await read(shopper, ids.slice(0, 2));
  expect([marked.status, marked.body]).toEqual([
    200,
    { chat_id: chatId, message_ids: ids.slice(0, 2), read_by: 'sho', read_at: expect.stringMatching(ISO), unread_count: 1 },
  ]);
  expect((await read(shopper, [ids[0], ids[0]])).body.unread_count).toBe(1);
  expect((await read(ann, ids)).body.unread_count).toBe(0);
  const { messages } = (await ann.get(`/v1/chat/${chatId}/messages`)).body;
  expect(messages.map(({ read_at }: { read_at: string | null }) => read_at)).toEqual([null, marked.body.read_at, marked.body.read_at]);
  expect((await shopper.get('/v1/chat/my-chats')).body.chats[0].unread_count).toBe(1);
});

it('bad input is refused by the name of its field, and nothing is stored', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const foreign = await openChat(service, { ...BETWEEN, order_id: 'other', shopper_id: 'sue' });
  const ann = await clientOf(service, 'ann');
  const [sue, cid] = [await clientOf(service, 'sue'), await clientOf(service, 'cid')];
  const elsewhere = (await sue.post(`/v1/chat/${foreign}/messages`, { content: 'elsewhere' })).body.id;
  const deep = JSON.parse(`${'{"a":'.repeat(9)}1${'}'.repeat(9)}`);
  const messages = `/v1/chat/${chatId}/messages`;
  const bad: readonly (readonly [string, string, unknown, number, string | undefined])[] = [
    ['POST', messages, {}, 400, 'content'],
    ['POST', messages, { content: '' }, 400, 'content'],
    ['POST', messages, { content: '   ' }, 400, 'content'],
    ['POST', messages, { content: 'x'.repeat(10_001) }, 400, 'content'],
    ['POST', messages, { content: 7 }, 400, 'content'],
    ['POST', messages, { content: 'a\0b' }, 400, 'content'],
    ['POST', messages, { content: 'x', type: 'system' }, 400, 'type'],
    ['POST', messages, { content: 'x', type: 'video' }, 400, 'type'],
    ['POST', messages, { content: 'x', attachment_url: 'javascript:alert(1)' }, 400, 'attachment_url'],
    ['POST', messages, { content: 'x', attachmentUrl: 'http://example.com/a' }, 400, 'attachmentUrl'],
    ['POST', messages, { content: 'x', attachment_url: 'https://exa\nmple.com/a' }, 400, 'attachment_url'],
    ['POST', messages, { content: 'x', metadata: [] }, 400, 'metadata'],
    ['POST', messages, { content: 'x', metadata: { text: 'x'.repeat(8192) } }, 400, 'metadata'],
    ['POST', messages, { content: 'x', metadata: deep }, 400, 'metadata'],
    ['POST', messages, { content: 'x', client_message_id: '' }, 400, 'client_message_id'],
    ['POST', messages, { content: 'x', client_message_id: 'i'.repeat(129) }, 400, 'client_message_id'],
    ['POST', messages, '{"content":', 400, undefined],
    ['POST', messages, '"text"', 400, undefined],
    ['POST', messages, `{"content":"x","metadata":${'{"a":'.repeat(6000)}1${'}'.repeat(6000)}}`, 400, 'metadata'],
    ['POST', `/v1/chat/${randomUUID()}/messages`, { content: 'x' }, 404, 'chat_id'],
    ['POST', '/v1/chat/nonsense/messages', { content: 'x' }, 404, 'chat_id'],
    ['PUT', `${messages}/read`, {}, 400, 'message_ids'],
    ['PUT', `${messages}/read`, { message_ids: [] }, 400, 'message_ids'],
    ['PUT', `${messages}/read`, { message_ids: ['nonsense'] }, 400, 'message_ids'],
    ['PUT', `${messages}/read`, { messageIds: [] }, 400, 'messageIds'],
    ['PUT', `${messages}/read`, { messageIds: [randomUUID()] }, 400, 'messageIds'],
    ['PUT', `${messages}/read`, { message_ids: [elsewhere] }, 400, 'message_ids'],
    ['GET', `${messages}?page=-1`, undefined, 400, 'page'],
    ['GET', `${messages}?page=0`, undefined, 400, 'page'],
    ['GET', `${messages}?page=1.5`, undefined, 400, 'page'],
    ['GET', `${messages}?limit=101`, undefined, 400, 'limit'],
    ['GET', `${messages}?limit=0`, undefined, 400, 'limit'],
    ['GET', `${messages}?before=nonsense`, undefined, 400, 'before'],
    ['GET', `${messages}?before=${elsewhere}`, undefined, 400, 'before'],
    ['GET', `${messages}?after=${randomUUID()}`, undefined, 400, 'after'],
    ['GET', '/v1/chat/my-chats?page=-1', undefined, 400, 'page'],
    ['GET', '/v1/chat/my-chats?limit=x', undefined, 400, 'limit'],
    ['GET', '/v1/chat/my-chats?cursor=x', undefined, 400, 'cursor'],
    ...[1e300, -1e17, -1, 9e15, '1'].map(
      (activeAt) => ['GET', `/v1/chat/my-chats?cursor=${cursorOf(activeAt, foreign)}`, undefined, 400, 'cursor'] as const,
    ),
    ['GET', `/v1/chat/my-chats?cursor=${cursorOf(1, 'no-chat')}`, undefined, 400, 'cursor'],
    ['GET', '/v1/chat/my-chats?status=lost', undefined, 400, 'status'],
    ['GET', '/v1/chat/search', undefined, 400, 'q'],
    ['GET', '/v1/chat/search?q=%21%3F', undefined, 400, 'q'],
    ['GET', `/v1/chat/search?q=x&chat_id=${randomUUID()}`, undefined, 403, 'chat_id'],
    ['POST', '/v1/chat', { user_id: 'ann', shopper_id: 'sho' }, 400, 'order_id'],
    ['POST', '/v1/chat', { order_id: 'x', user_id: 'ann' }, 400, 'shopper_id'],
    ['POST', '/v1/chat', { ...BETWEEN, shopper_id: 'ann' }, 400, 'shopper_id'],
    ['POST', '/v1/chat', { ...BETWEEN, order_id: 'new', initial_message: '' }, 400, 'initial_message'],
    ['POST', '/v1/chat', { ...BETWEEN, order_id: 'new', user_id: 'bob' }, 403, 'user_id'],
    ['POST', '/v1/chat', { orderId: 'new', userId: 'bob', shopperId: 'sho' }, 403, 'userId'],
    ['POST', '/v1/chat', { orderId: '', userId: 'ann', shopperId: 'sho' }, 400, 'orderId'],
  ];
  for (const [method, path, body, status, field] of bad) {
    const answer = await ann.request(method, path, body);
    expect([method, path, JSON.stringify(body)?.slice(0, 80), answer.status, answer.body.error?.field]).toEqual([
      method,
      path,
      JSON.stringify(body)?.slice(0, 80),
      status,
      field,
    ]);
    expect(answer.body).toEqual({ error: expect.objectContaining({ code: expect.any(String), message: expect.any(String) }) });
  }
  for (const [method, path, body] of [
    ['POST', messages, { content: 'x' }],
    ['GET', messages, undefined],
    ['PUT', `${messages}/read`, { message_ids: [elsewhere] }],
    ['GET', `/v1/chat/${chatId}`, undefined],
    ['POST', `/v1/chat/${chatId}/archive`, {}],
  ] as const) {
    const answer = await cid.request(method, path, body);
    expect([method, path, answer.status, answer.body.error.code, answer.body.error.field]).toEqual([
      method,
      path,
      403,
      'unauthorized',
      'chat_id',
    ]);
  }
  expect(await service.database.query('SELECT content FROM messages')).toEqual([{ content: 'elsewhere' }]);
  expect(await service.database.query('SELECT FROM chats')).toHaveLength(2);
});

it('without a token nobody gets in, and the backend only where it has business', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  for (const path of ['/v1/chat/my-chats', '/v1/chat/search?q=x', `/v1/chat/${chatId}`, `/v1/chat/${chatId}/messages`]) {
    const answer = await serverOf(service).get(path);
    expect([path, answer.status, answer.body]).toEqual([path, 401, { error: { code: 'unauthenticated', message: expect.any(String) } }]);
  }
  const ann = await clientOf(service, 'ann');
  for (const path of ['/v1/server/events', `/v1/server/chats/${chatId}/messages`]) {
    expect((await ann.post(path, { content: 'x' })).status).toBe(401);
  }
  expect((await ann.request('DELETE', '/v1/server/users/ann')).status).toBe(401);
});

it('a message sent again under its own name is the same message', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const ann = await clientOf(service, 'ann');
  const send = (body: object, headers = {}) => ann.post(`/v1/chat/${chatId}/messages`, body, headers);
  const sends = Array.from({ length: 12 }, () => send({ content: 'Hi', client_message_id: 'one' }));
  const answers = await Promise.all(sends);
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  const conflict = await send({ content: 'other', client_message_id: 'one' });
  expect([conflict.status, conflict.body.error.code, conflict.body.error.field]).toEqual([409, 'conflict', 'client_message_id']);
  const keyed = [await send({ content: 'Ho' }, { 'idempotency-key': 'k' }), await send({ content: 'Ho' }, { 'idempotency-key': 'k' })];
  expect(keyed[1]?.body).toEqual(keyed[0]?.body);
  const other = await send({ content: 'Hey' }, { 'idempotency-key': 'k' });
  expect([other.status, other.body.error.code, other.body.error.field]).toEqual([409, 'conflict', 'idempotency-key']);
  const camel = await send({ content: 'other', clientMessageId: 'one' });
  expect([camel.status, camel.body.error.field]).toEqual([409, 'clientMessageId']);
  const sho = await clientOf(service, 'sho');
  expect((await sho.post(`/v1/chat/${chatId}/messages`, { content: 'Hi', client_message_id: 'one' })).body.sender_id).toBe('sho');
  expect(await service.database.query('SELECT seq, sender_id FROM messages ORDER BY seq')).toEqual([
    { seq: 1, sender_id: 'ann' },
    { seq: 2, sender_id: 'ann' },
    { seq: 3, sender_id: 'sho' },
  ]);
});

it('pages and cursors lead through a history without gap or double', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const ann = await clientOf(service, 'ann');
  for (let index = 1; index <= 25; index += 1) await ann.post(`/v1/chat/${chatId}/messages`, { content: `m${index}` });
  const contents = async (query: string): Promise<string[]> =>
    (await ann.get(`/v1/chat/${chatId}/messages?${query}`)).body.messages.map(({ content }: { content: string }) => content);
  const named = (from: number, to: number): string[] => Array.from({ length: from - to + 1 }, (_, index) => `m${from - index}`);
  expect(await contents('limit=10')).toEqual(named(25, 16));
  expect(await contents('limit=10&page=2')).toEqual(named(15, 6));
  expect(await contents('limit=10&page=3')).toEqual(named(5, 1));
  expect(await contents('limit=10&page=4')).toEqual([]);
  const all = (await ann.get(`/v1/chat/${chatId}/messages?limit=100`)).body.messages;
  expect(await contents(`limit=10&before=${all[9].id}`)).toEqual(named(15, 6));
  expect(await contents(`limit=10&before=${all[24].id}`)).toEqual([]);
  expect(await contents(`limit=3&after=${all[10].id}`)).toEqual(named(18, 16));
  expect(await contents(`limit=3&after=${all[0].id.toUpperCase()}`)).toEqual([]);
});

it('lists of chats go by the last message, in pages and by cursor', async () => {
  await using service = await startChatService();
  const ann = await clientOf(service, 'ann');
  const ids: string[] = [];
  for (let index = 0; index < 7; index += 1) ids.push(await openChat(service, { ...BETWEEN, order_id: `order-${index}` }));
  await ann.post(`/v1/chat/${ids[2]}/messages`, { content: 'up' });
  const order = [2, 6, 5, 4, 3, 1, 0].map((index) => ids[index]);
  const idsOf = (chats: { id: string }[]): string[] => chats.map(({ id }) => id);
  expect(idsOf((await ann.get('/v1/chat/my-chats')).body.chats)).toEqual(order);
  expect(idsOf((await ann.get('/v1/chat/my-chats?limit=3&page=2')).body.chats)).toEqual(order.slice(3, 6));
  const walked: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await ann.get(`/v1/chat/my-chats?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`);
    expect(body.total).toBe(7);
    walked.push(...idsOf(body.chats));
    cursor = body.next_cursor;
  }
  expect(walked).toEqual(order);
});

it('an archived chat is read, but no longer written in or listed with the others', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const [ann, sho] = [await clientOf(service, 'ann'), await clientOf(service, 'sho')];
  const first = await ann.post(`/v1/chat/${chatId}/messages`, { content: 'before', client_message_id: 'c1' });
  const archived = await sho.post(`/v1/chat/${chatId}/archive`);
  expect([archived.status, archived.body.status, archived.body.unread_count]).toEqual([200, 'archived', 1]);
  expect((await sho.post(`/v1/chat/${chatId}/archive`)).status).toBe(200);
  const late = await ann.post(`/v1/chat/${chatId}/messages`, { content: 'after' });
  expect([late.status, late.body.error.code]).toEqual([400, 'invalid_status']);
  expect((await ann.post(`/v1/chat/${chatId}/messages`, { content: 'before', client_message_id: 'c1' })).body).toEqual(first.body);
  expect((await ann.get(`/v1/chat/${chatId}/messages`)).body.total).toBe(1);
  expect((await ann.get('/v1/chat/my-chats')).body).toMatchObject({ chats: [], total: 0 });
  expect((await ann.get('/v1/chat/my-chats?status=archived')).body.total).toBe(1);
  expect((await ann.get('/v1/chat/my-chats?status=all')).body.total).toBe(1);
});

it('who is blocked neither opens a chat with, nor writes to, who blocked them', async () => {
  await using service = await startChatService();
  const [ann, sho] = [await clientOf(service, 'ann'), await clientOf(service, 'sho')];
  const chatId = await openChat(service);
  await sho.request('PUT', '/api/v1/users/me/blocks/ann');
  const refused = await ann.post(`/v1/chat/${chatId}/messages`, { content: 'x' });
  expect([refused.status, refused.body.error.code]).toEqual([403, 'unauthorized']);
  expect((await ann.post('/v1/chat', { ...BETWEEN, order_id: 'new' })).status).toBe(403);
  expect((await ann.post('/v1/chat', BETWEEN)).status).toBe(200);
  expect((await sho.post(`/v1/chat/${chatId}/messages`, { content: 'from the one who blocks' })).status).toBe(201);
  expect((await sho.post('/v1/chat', { ...BETWEEN, order_id: 'new' })).status).toBe(201);
  // Somebody else there may want to hear it.
  const eve = `/v1/server/chats/${chatId}/members/eve`;
  await serverOf(service).request('PUT', eve, {});
  expect((await ann.post(`/v1/chat/${chatId}/messages`, { content: 'to eve' })).status).toBe(201);
  await serverOf(service).request('DELETE', eve);
  expect((await ann.post(`/v1/chat/${chatId}/messages`, { content: 'x' })).status).toBe(403);
  await sho.request('DELETE', '/api/v1/users/me/blocks/ann');
  expect((await ann.post(`/v1/chat/${chatId}/messages`, { content: 'again' })).status).toBe(201);
});
