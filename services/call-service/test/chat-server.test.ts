import { randomUUID } from 'node:crypto';
import { startSubscriber } from '@trunkline/bus';
import { type ChatEvent, UserId } from '@trunkline/contract';
import { backingUrls, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { askAll, BETWEEN, clientOf, openChat, sendOf, serverOf, startChatService } from './chat-door.ts';
import { pushClient } from './push-client.ts';
import type { RunningCallService } from './running-call-service.ts';

interface Ears extends AsyncDisposable {
  heard: ChatEvent[];
}

const listen = async (prefix: string, userId: string): Promise<Ears> => {
  const subscriber = await startSubscriber({ redisUrl: backingUrls().redisUrl, prefix, onError: () => undefined });
  const heard: ChatEvent[] = [];
  await subscriber.subscribeToChats(UserId.parse(userId), (event) => heard.push(event)).inForce;
  return { heard, [Symbol.asyncDispose]: () => subscriber[Symbol.asyncDispose]() };
};

const placeAndAct = async (service: RunningCallService, caller: string, callee: string, acts: readonly (readonly [string, string])[]) => {
  const callId = randomUUID();
  const actor = (userId: string) => ({ userId, name: null, avatar: null, role: null, deviceId: null, sessionId: null });
  const envelope = (userId: string, command: object) => ({
    commandId: randomUUID(),
    attempt: 1,
    actor: actor(userId),
    command,
    mintedCallId: callId,
    requestId: null,
    wantsAnswer: true,
    dialect: 'test',
  });
  await service.post('commands', { commands: [envelope(caller, { type: 'place_call', calleeId: callee })] });
  for (const [userId, type] of acts) await service.post('commands', { commands: [envelope(userId, { type, callId })] });
  return callId;
};

it('the backend speaks as the system or as a bot, and each member has it unread', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const [backend, ann] = [serverOf(service), await clientOf(service, 'ann')];
  const path = `/v1/server/chats/${chatId}/messages`;
  const system = await backend.post(path, { content: 'Your shopper has arrived', client_message_id: 'once' });
  expect([system.status, system.body]).toMatchObject([201, { sender_id: 'system', sender_role: 'system', type: 'system' }]);
  expect((await backend.post(path, { content: 'Your shopper has arrived', client_message_id: 'once' })).body).toEqual(system.body);
  const bot = await backend.post(path, { sender_id: 'helper', sender_name: 'Helper', type: 'text', content: 'Can I help?' });
  expect([bot.status, bot.body]).toMatchObject([201, { sender_id: 'helper', sender_role: 'bot', type: 'text' }]);
  expect((await ann.get(`/v1/chat/${chatId}`)).body).toMatchObject({ unread_count: 2, last_message: { content: 'Can I help?' } });
  for (const [body, status, field] of [
    [{ content: '' }, 400, 'content'],
    [{ content: 'x', type: 'text' }, 400, 'sender_id'],
    [{ content: 'x', type: 'text', sender_id: 'ann' }, 400, 'sender_id'],
    [{ content: 'x', attachment_url: 'data:text/html,x' }, 400, 'attachment_url'],
  ] as const) {
    const answer = await backend.post(path, body);
    expect([answer.status, answer.body.error.field]).toEqual([status, field]);
  }
  expect((await backend.post(`/v1/server/chats/${randomUUID()}/messages`, { content: 'x' })).status).toBe(404);
  expect((await ann.get(`/v1/chat/${chatId}/messages`)).body.total).toBe(2);
});

it('events of the backend reach the users it names, or the members of a chat', async () => {
  const prefix = `test-${randomUUID()}`;
  await using service = await startChatService({ REDIS_PREFIX: prefix });
  const chatId = await openChat(service);
  const backend = serverOf(service);
  await using ann = await listen(prefix, 'ann');
  const bodies = [
    { type: 'order_update', userIds: ['ann', 'bob', 'ann'], data: { orderId: 'order-1', update: { status: 'shopping' } } },
    { type: 'receipt_shared', chatId, data: { order_id: 'order-1', receipt_url: 'https://example.com/receipt.pdf' } },
    { type: 'custom:weather', user_ids: ['ann'], data: { sky: 'blue' } },
  ];
  const answers = [];
  for (const body of bodies) answers.push(await backend.post('/v1/server/events', body));
  expect(answers.map(({ status, body }) => [status, body])).toEqual([
    [202, { id: expect.any(String), recipients: 2 }],
    [202, { id: expect.any(String), recipients: 2 }],
    [202, { id: expect.any(String), recipients: 1 }],
  ]);
  await until('all three were heard', () => ann.heard.length === 3);
  const told = ann.heard.map(({ id: _, at: __, ...event }) => event);
  expect(told).toContainEqual({ type: 'order_updated', orderId: 'order-1', update: { status: 'shopping' }, recipients: ['ann', 'bob'] });
  expect(told).toContainEqual({
    type: 'receipt_shared',
    orderId: 'order-1',
    receiptUrl: 'https://example.com/receipt.pdf',
    recipients: ['ann', 'sho'],
  });
  expect(told).toContainEqual({ type: 'custom', name: 'custom:weather', data: { sky: 'blue' }, recipients: ['ann'] });
  for (const [body, status, field] of [
    [{ type: 'order_update', userIds: ['ann'], data: { orderId: 'x' } }, 400, 'data'],
    [{ type: 'receipt_shared', userIds: ['ann'], data: { orderId: 'x', receiptUrl: 'javascript:x' } }, 400, 'data'],
    [{ type: 'promotion', userIds: ['ann'], data: {} }, 400, 'type'],
    [{ type: 'custom:x', userIds: [], data: {} }, 400, 'userIds'],
    [{ type: 'custom:x', user_ids: [], data: {} }, 400, 'user_ids'],
    [{ type: 'custom:x', data: {} }, 400, 'userIds'],
    [{ type: 'custom:x', userIds: ['ann'], chatId, data: {} }, 400, 'userIds'],
    [{ type: 'custom:x', chatId: randomUUID(), data: {} }, 404, 'chatId'],
    [{ type: 'custom:x', chat_id: randomUUID(), data: {} }, 404, 'chat_id'],
  ] as const) {
    const answer = await backend.post('/v1/server/events', body);
    expect([answer.status, answer.body.error.field]).toEqual([status, field]);
  }
});

it('an event that is sent again under its Idempotency-Key is one event, and another one under it is refused', async () => {
  const prefix = `test-${randomUUID()}`;
  await using service = await startChatService({ REDIS_PREFIX: prefix });
  const chatId = await openChat(service);
  const backend = serverOf(service);
  await using ann = await listen(prefix, 'ann');
  const key = { 'idempotency-key': 'order-1-packed' };
  const send = (body: object, headers: Readonly<Record<string, string>> = key) => backend.post('/v1/server/events', body, headers);
  const body = { type: 'custom:packed', chatId, data: { order: 1 } };
  const answers = await Promise.all(Array.from({ length: 8 }, () => send(body)));
  answers.push(await send(body));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(answers[0]).toMatchObject({ status: 202, body: { id: expect.any(String), recipients: 2 } });
  for (const other of [
    { ...body, data: { order: 2 } },
    { ...body, chatId: undefined, userIds: ['ann'] },
    { ...body, type: 'custom:sent' },
  ])
    expect(await send(other)).toMatchObject({ status: 409, body: { error: { code: 'conflict', field: 'idempotency-key' } } });
  const nowhere = { ...body, chatId: randomUUID() };
  const refused = [await send(nowhere, { 'idempotency-key': 'nowhere' }), await send(nowhere, { 'idempotency-key': 'nowhere' })];
  expect(refused.map(({ status, body: { error } }) => [status, error.field])).toEqual([
    [404, 'chatId'],
    [404, 'chatId'],
  ]);
  expect(await send(body, { 'idempotency-key': 'x'.repeat(129) })).toMatchObject({
    status: 400,
    body: { error: { field: 'idempotency-key' } },
  });
  expect((await send(body, { 'idempotency-key': 'another' })).body.id).not.toBe(answers[0]?.body.id);
  await until('both were heard', () => ann.heard.length === 2);
  const audited = `SELECT FROM server_audit WHERE action = 'custom:packed'`;
  expect([ann.heard.length, (await service.database.query(audited)).length]).toEqual([2, 2]);
});

it('what the backend says again under its Idempotency-Key is said once, whoever it is said by', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const backend = serverOf(service);
  const say = (body: object, key = 'arrival') => backend.post(`/v1/server/chats/${chatId}/messages`, body, { 'idempotency-key': key });
  const body = { content: 'Your shopper has arrived' };
  const answers = await Promise.all(Array.from({ length: 8 }, () => say(body)));
  answers.push(await say(body));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(answers[0]?.status).toBe(201);
  for (const other of [
    { content: 'Your shopper has left' },
    { ...body, sender_id: 'helper', type: 'text' },
    { ...body, sender_name: 'Helper' },
  ])
    expect(await say(other)).toMatchObject({ status: 409, body: { error: { code: 'conflict', field: 'idempotency-key' } } });
  const bot = { ...body, sender_id: 'helper', type: 'text' };
  expect((await say(bot, 'helper-1')).body.id).toBe((await say(bot, 'helper-1')).body.id);
  expect(await say(body, 'x'.repeat(129))).toMatchObject({ status: 400, body: { error: { field: 'idempotency-key' } } });
  expect(await service.database.query('SELECT seq, sender_id FROM messages ORDER BY seq')).toEqual([
    { seq: 1, sender_id: 'system' },
    { seq: 2, sender_id: 'helper' },
  ]);
  expect(await service.database.query(`SELECT FROM server_audit WHERE action = 'speak'`)).toHaveLength(2);
});

const TOO_MUCH = 'x'.repeat(3700);

it('an update of an order is of any shape, within bounds, and what it says is pushed as the status', async () => {
  const prefix = `test-${randomUUID()}`;
  await using service = await startChatService({ REDIS_PREFIX: prefix });
  const backend = serverOf(service);
  await pushClient(service).device('ann');
  await using ann = await listen(prefix, 'ann');
  const tell = (update: unknown, orderId: string) =>
    backend.post('/v1/server/events', { type: 'order_update', userIds: ['ann'], data: { orderId, update } });
  const updates = [
    ['out_for_delivery', 'out_for_delivery'],
    [{ status: 'packed', items: [1] }, 'packed'],
    [{ note: 'nothing of a status' }, ''],
    [['packed', { at: 'noon' }], ''],
    [7, ''],
    [false, ''],
    ['', ''],
  ] as const;
  for (const [index, [update]] of updates.entries()) expect([update, (await tell(update, `o-${index}`)).status]).toEqual([update, 202]);
  await until('all were heard', () => ann.heard.length === updates.length);
  const heard = ann.heard.map((event) => (event.type === 'order_updated' ? [event.orderId, event.update] : []));
  expect(heard.sort()).toEqual(updates.map(([update], index) => [`o-${index}`, update]));
  const pushed = (await pushClient(service).pushes()).map(({ content }) => [content['orderId'], content['status']]);
  expect(pushed.sort()).toEqual(updates.map(([, status], index) => [`o-${index}`, status]));
  const deep = JSON.parse(`${'['.repeat(9)}1${']'.repeat(9)}`);
  const bottomless = `{"type":"order_update","userIds":["ann"],"data":{"orderId":"o","update":${'['.repeat(6000)}1${']'.repeat(6000)}}}`;
  for (const update of [undefined, null, deep, 'x'.repeat(8192), Array.from({ length: 3000 }, () => 'あ'), 'a\0b'])
    expect((await tell(update, 'o')).body).toMatchObject({ error: { code: 'parse_error', field: 'data' } });
  expect((await backend.post('/v1/server/events', bottomless)).body).toMatchObject({ error: { code: 'parse_error', field: 'data' } });
});

it('an event whose push FCM would refuse is refused, and nobody is told', async () => {
  const prefix = `test-${randomUUID()}`;
  await using service = await startChatService({ REDIS_PREFIX: prefix });
  const backend = serverOf(service);
  await pushClient(service).device('ann');
  await using ann = await listen(prefix, 'ann');
  const reserved = ['from', 'notification', 'message_type', 'collapse_key', 'google.sent', 'gcm.notification.title', 'gcm'];
  const update = { orderId: 'order-1', update: { status: TOO_MUCH } };
  for (const body of [
    ...reserved.map((key) => ({ type: 'custom:x', data: { [key]: 'us' } })),
    { type: 'custom:x', data: { text: TOO_MUCH } },
    { type: 'custom:x', data: { list: Array.from({ length: 1000 }, () => 'あ') } },
    { type: 'order_update', data: update },
    { type: 'order_update', data: { orderId: 'order-1', update: TOO_MUCH } },
  ]) {
    const answer = await backend.post('/v1/server/events', { ...body, userIds: ['ann'] });
    expect([JSON.stringify(body).slice(0, 60), answer.status, answer.body.error?.field]).toEqual([
      JSON.stringify(body).slice(0, 60),
      400,
      'data',
    ]);
  }
  const allowed = { type: 'custom:x', userIds: ['ann'], data: { from_us: 1, nested: { from: 'us' }, googled: true } };
  expect((await backend.post('/v1/server/events', allowed)).status).toBe(202);
  const long = { orderId: 'order-1', update: { status: 'packed', notes: TOO_MUCH } };
  expect((await backend.post('/v1/server/events', { type: 'order_update', userIds: ['ann'], data: long })).status).toBe(202);
  await until('what is allowed was heard', () => ann.heard.length === 2);
  expect((await pushClient(service).pushes()).map(({ type }) => type).sort()).toEqual(['custom', 'order_update']);
});

it('a call of two people who share a chat is told there, worded for each side; only a missed one is news', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  await openChat(service, { ...BETWEEN, order_id: 'archived' }).then((id) =>
    service.database.query(`UPDATE chats SET status = 'archived' WHERE id = $1`, [id]),
  );
  const [ann, sho] = [await clientOf(service, 'ann'), await clientOf(service, 'sho')];
  const cancelled = await placeAndAct(service, 'ann', 'sho', [['ann', 'cancel_call']]);
  const messages = async (client: typeof ann) => (await client.get(`/v1/chat/${chatId}/messages`)).body.messages;
  await until('the missed call is told', async () => (await messages(ann)).length === 1);
  expect((await messages(ann))[0]).toMatchObject({
    type: 'system',
    sender_id: 'system',
    content: 'No answer to your voice call',
    metadata: { kind: 'call', outcome: 'missed', callId: cancelled, callerId: 'ann', calleeId: 'sho', durationSeconds: null },
  });
  expect((await messages(sho))[0].content).toBe('Missed voice call');
  expect((await sho.get(`/v1/chat/${chatId}`)).body).toMatchObject({ unread_count: 1, last_message: { content: 'Missed voice call' } });
  expect((await ann.get(`/v1/chat/${chatId}`)).body.unread_count).toBe(0);
  await placeAndAct(service, 'sho', 'ann', [
    ['ann', 'accept_call'],
    ['sho', 'end_call'],
  ]);
  await until('the call that ended is told', async () => (await messages(ann)).length === 2);
  await placeAndAct(service, 'ann', 'sho', [['sho', 'reject_call']]);
  await until('all three are told', async () => (await messages(ann)).length === 3);
  expect((await messages(ann)).map(({ content }: { content: string }) => content)).toEqual([
    'Your voice call was declined',
    expect.stringMatching(/^Incoming voice call, 0:\d\d$/),
    'No answer to your voice call',
  ]);
  const refused = await placeAndAct(service, 'ann', 'sho', []);
  await sho.post(`/api/v1/calls/${refused}/reject`, { reason: 'busy' });
  await until('the refusal is told', async () => (await messages(ann)).length === 4);
  expect((await messages(ann))[0]).toMatchObject({ content: 'Your voice call was declined', metadata: { outcome: 'declined' } });
  expect((await sho.get(`/v1/chat/${chatId}`)).body.unread_count).toBe(1);
  await placeAndAct(service, 'ann', 'bob', [['ann', 'cancel_call']]);
  await until('no note is left', async () => (await service.database.query('SELECT FROM chat_call_notes')).length === 0);
});

it('a call note that a process left behind is told by the sweep, once', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const callId = await placeAndAct(service, 'ann', 'bob', [['ann', 'cancel_call']]);
  await service.database.query(
    `INSERT INTO chat_call_notes VALUES ($1, $2, now() - interval '1 minute'), ('gone', $2, now() - interval '1 minute')`,
    [callId, chatId],
  );
  await until('no note is left', async () => (await service.database.query('SELECT FROM chat_call_notes')).length === 0);
  expect(await service.database.query('SELECT seq FROM messages')).toEqual([{ seq: 1 }]);
});

it('chat partners hear of the first session that opens and the last that closes', async () => {
  const prefix = `test-${randomUUID()}`;
  await using service = await startChatService({ REDIS_PREFIX: prefix });
  await openChat(service);
  await openChat(service, { order_id: 'o', user_id: 'ann', shopper_id: 'eve' });
  await (await clientOf(service, 'ann')).request('PUT', '/api/v1/users/me/blocks/eve');
  await using sho = await listen(prefix, 'sho');
  await using eve = await listen(prefix, 'eve');
  const session = () => ({ sessionId: randomUUID(), userId: 'ann', deviceId: null });
  const [one, two] = [session(), session()];
  const sessions = (opened: object[], closed: object[]) => service.post('sessions', { gatewayId: 'gateway', opened, closed });
  const types = () => sho.heard.map(({ type }) => type);
  await sessions([one], []);
  await until('the partner heard of the coming', () => types().length === 1);
  await sessions([two], []);
  await sessions([], [one]);
  const settled = () => service.database.query('SELECT FROM sessions WHERE id = $1 AND settled_at IS NOT NULL', [one.sessionId]);
  await until('the closing of the first session is settled', async () => (await settled()).length === 1);
  await sessions([], [two]);
  await until('the partner heard of the leaving', () => types().includes('partner_offline'));
  expect(types()).toEqual(['partner_online', 'partner_offline']);
  expect(sho.heard[0]).toMatchObject({ userId: 'ann', recipients: ['sho'] });
  expect(eve.heard).toEqual([]);
});

it('who is a member keeps the role that a request does not name; who is none gets that of a user', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const backend = serverOf(service);
  const path = `/v1/server/chats/${chatId}/members/boss`;
  const put = async (body?: object) => (await backend.request('PUT', path, body)).body.role;
  expect([await put(), await put({ role: 'admin' }), await put({}), await put({ role: null })]).toEqual([
    'user',
    'admin',
    'admin',
    'admin',
  ]);
  await backend.request('DELETE', path);
  expect(await put({})).toBe('user');
  const audited = async () =>
    await service.database.query<{ role: string }>(
      "SELECT detail->>'role' AS role FROM server_audit WHERE action = 'put_member' ORDER BY id",
    );
  expect((await audited()).map(({ role }) => role)).toEqual(['user', 'admin', 'admin', 'admin', 'user']);
  // As many as a message can know whether they have read it.
  const more = await Promise.all(Array.from({ length: 30 }, (_, n) => backend.request('PUT', path.replace('boss', `member-${n}`), {})));
  expect(more.filter(({ status }) => status === 200)).toHaveLength(28);
  expect(await audited()).toHaveLength(5 + 28);
});

it('what the backend does is kept in the audit', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const backend = serverOf(service);
  await backend.post(`/v1/server/chats/${chatId}/messages`, { content: 'x' });
  await backend.request('PUT', `/v1/server/chats/${chatId}/members/boss`, { role: 'admin' });
  await backend.request('DELETE', `/v1/server/chats/${chatId}/members/boss`);
  await backend.post('/v1/server/events', { type: 'custom:x', chatId, data: {} });
  await askAll(service, [sendOf('ann', chatId, 'no audit of what people do')]);
  expect(await service.database.query('SELECT action, chat_id, user_id FROM server_audit ORDER BY id')).toEqual([
    { action: 'create_chat', chat_id: chatId, user_id: null },
    { action: 'speak', chat_id: chatId, user_id: null },
    { action: 'put_member', chat_id: chatId, user_id: 'boss' },
    { action: 'remove_member', chat_id: chatId, user_id: 'boss' },
    { action: 'custom:x', chat_id: chatId, user_id: null },
  ]);
});
