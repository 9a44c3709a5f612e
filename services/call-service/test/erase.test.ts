import { randomUUID } from 'node:crypto';
import { startWebhookReceiver, TEST_WEBHOOK_SECRET, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { TREATMENTS } from '../src/users/erase.ts';
import { askAll, clientOf, openChat, sendOf, serverOf, startChatService } from './chat-door.ts';
import { pushClient } from './push-client.ts';
import { type RunningCallService, SHORT_LEASE, startSecondCallService } from './running-call-service.ts';

const TABLES = `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname NOT LIKE 'knex_%' ORDER BY 1`;

const tablesOf = async (service: RunningCallService): Promise<string[]> =>
  (await service.database.query<{ name: string }>(TABLES)).map(({ name }) => name);

it('every table has its treatment, and every treatment its table', async () => {
  await using service = await startChatService();
  expect(Object.keys(TREATMENTS).sort()).toEqual(await tablesOf(service));
});

const call = (userId: string, command: object, callId: string) => ({
  commandId: randomUUID(),
  attempt: 1,
  actor: {
    userId,
    name: `${userId} by name`,
    avatar: 'https://example.com/face.png',
    role: null,
    deviceId: `phone-of-${userId}`,
    sessionId: null,
  },
  command: { callId, ...command },
  mintedCallId: callId,
  requestId: `request-${callId}`,
  wantsAnswer: true,
  dialect: 'test',
});

const ANN = 'ann-the-person';

const reportSessions = (service: RunningCallService, opened: object[], closed: object[] = []): Promise<Response> =>
  service.post('sessions', { gatewayId: 'gateway', opened, closed });

const sessionsAreSettled = (service: RunningCallService): Promise<unknown> =>
  until('closed sessions are settled', async () => {
    const open = await service.database.query('SELECT FROM sessions WHERE settled_at IS NULL');
    return open.length === 0;
  });

/** Everything that the system keeps of somebody called `ann-the-person`, who has left by now. */
const liveFully = async (service: RunningCallService): Promise<{ chatId: string; callId: string }> => {
  await pushClient(service).device('sho');
  const chatId = await openChat(service, { order_id: 'order-1', user_id: ANN, shopper_id: 'sho' });
  const ann = await clientOf(service, ANN);
  await ann.post(`/v1/chat/${chatId}/messages`, {
    content: 'my secret',
    client_message_id: 'mine',
    metadata: { secret: 1 },
    attachment_url: 'https://example.com/secret',
  });
  await askAll(service, [sendOf('sho', chatId, 'kept')]);
  const { messages } = (await ann.get(`/v1/chat/${chatId}/messages`)).body;
  await ann.request('PUT', `/v1/chat/${chatId}/messages/read`, { message_ids: messages.map(({ id }: { id: string }) => id) });
  const callId = randomUUID();
  await service.post('commands', {
    commands: [call(ANN, { type: 'place_call', calleeId: 'sho', channelId: `channel of ${ANN}` }, callId)],
  });
  await service.post('commands', {
    commands: [{ ...call(ANN, { type: 'cancel_call', reasonText: 'my reason' }, callId), requestId: null }],
  });
  await ann.request('PUT', '/api/v1/users/me/blocks/eve');
  await (await clientOf(service, 'sho')).request('PUT', `/api/v1/users/me/blocks/${ANN}`);
  const session = { sessionId: randomUUID(), userId: ANN, deviceId: `phone-of-${ANN}` };
  await reportSessions(service, [session]);
  await reportSessions(service, [], [session]);
  await sessionsAreSettled(service);
  await serverOf(service).request('PUT', `/v1/server/chats/${chatId}/members/${ANN}`, { role: 'user' });
  return { chatId, callId };
};

/** The tables in which any row still holds this text. */
const holding = async (service: RunningCallService, text: string): Promise<string[]> => {
  const found: string[] = [];
  for (const table of await tablesOf(service)) {
    const rows = await service.database.query(`SELECT FROM ${table} AS t WHERE t::text LIKE $1`, [`%${text}%`]);
    if (rows.length > 0) found.push(table);
  }
  return found;
};

it('an erased person is nowhere any more, and those they spoke with keep what is theirs', async () => {
  await using service = await startChatService();
  const { chatId } = await liveFully(service);
  const before = await holding(service, ANN);
  expect(before).toEqual(
    expect.arrayContaining(['answers', 'blocks', 'call_trace', 'calls', 'chat_members', 'chats', 'message_keys', 'messages', 'sessions']),
  );
  const erased = await serverOf(service).request('DELETE', `/v1/server/users/${ANN}`);
  expect(erased.status).toBe(200);
  expect(erased.body).toMatchObject({
    user_id: ANN,
    pseudonym: expect.stringMatching(/^erased-/),
    complete: true,
    live_calls: 0,
    left_chats: 1,
    done: {
      sessions: { how: 'deleted', rows: 1 },
      blocks: { how: 'deleted', rows: 2 },
      calls: { how: 'pseudonymised', rows: 1 },
      messages: { how: 'emptied' },
      chat_members: { how: 'pseudonymised', rows: 1 },
      answers: { how: 'expires', within: '24 hours' },
    },
  });
  const left = (await holding(service, ANN)).filter((table) => TREATMENTS[table]?.how !== 'expires');
  expect(left).toEqual([]);
  for (const secret of ['my secret', 'https://example.com/secret', 'https://example.com/face.png', 'my reason'])
    expect((await holding(service, secret)).filter((table) => TREATMENTS[table]?.how !== 'expires')).toEqual([]);
  const sho = await clientOf(service, 'sho');
  const { messages, total } = (await sho.get(`/v1/chat/${chatId}/messages`)).body;
  expect([total, messages.length]).toEqual([total, total]);
  expect(messages.map(({ content, sender_id }: { content: string; sender_id: string }) => [content, sender_id])).toEqual(
    expect.arrayContaining([
      ['kept', 'sho'],
      ['', erased.body.pseudonym],
    ]),
  );
  expect((await sho.get('/v1/chat/search?q=secret')).body.messages).toEqual([]);
  const ann = await clientOf(service, ANN);
  expect((await ann.get('/v1/chat/my-chats')).body.total).toBe(0);
  expect((await ann.get(`/v1/chat/${chatId}`)).status).toBe(403);
  const again = await serverOf(service).request('DELETE', `/v1/server/users/${ANN}`);
  expect(again.body).toMatchObject({ complete: true, left_chats: 0, done: { calls: { rows: 0 }, messages: { rows: 0 } } });
});

interface Shown {
  id: string;
  type: string;
  data: Record<string, unknown>;
}

it('who was pushed something about an erased person keeps the push, with a pseudonym in it', async () => {
  await using service = await startChatService({ PUSH_INCLUDE_TEXT: '1' });
  const { callId } = await liveFully(service);
  const other = await openChat(service, { order_id: 'order-2', user_id: 'bob', shopper_id: 'sho' });
  await askAll(service, [sendOf('bob', other, 'of somebody else')]);
  const history = async (): Promise<Shown[]> => (await (await clientOf(service, 'sho')).get('/v1/notifications/history')).body.items;
  const before = await history();
  const typesAbout = (items: Shown[], person: string): string[] =>
    items.filter(({ data }) => [data['callerId'], data['senderId']].includes(person)).map(({ type }) => type);
  const types = ['call_cancelled', 'chat_message', 'incoming_call', 'missed_call'];
  expect(typesAbout(before, ANN).sort()).toEqual(types);
  expect(before.map(({ data }) => data['text'])).toContain('my secret');
  const { body } = await serverOf(service).request('DELETE', `/v1/server/users/${ANN}`);
  expect(body.done.pushes).toEqual({ how: 'deleted', rows: 0, of_others: { how: 'pseudonymised', rows: 5 } });
  const after = await history();
  expect(typesAbout(after, body.pseudonym).sort()).toEqual(types);
  expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  expect(after.find(({ type }) => type === 'incoming_call')?.data).toMatchObject({
    callerId: body.pseudonym,
    callerName: null,
    callerAvatar: null,
    channelId: callId,
  });
  expect(after.find(({ data }) => data['senderId'] === body.pseudonym)?.data).toMatchObject({ senderName: null, text: null });
  expect(after.find(({ data }) => data['senderId'] === 'bob')).toEqual(before.find(({ data }) => data['senderId'] === 'bob'));
  const listed = (await serverOf(service).get('/v1/server/pushes?userId=sho')).text;
  for (const secret of [ANN, 'my secret', 'face.png']) expect(listed).not.toContain(secret);
  const again = await serverOf(service).request('DELETE', `/v1/server/users/${ANN}`);
  expect(again.body.done.pushes).toEqual({ how: 'deleted', rows: 0, of_others: { how: 'pseudonymised', rows: 0 } });
});

it('however many pushes somebody had, each that names an erased person is found', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service, { order_id: 'order-1', user_id: ANN, shopper_id: 'sho' });
  await openChat(service, { order_id: 'order-1', user_id: 'bob', shopper_id: 'sho' });
  const content = JSON.stringify({ type: 'chat_message', chatId, senderId: ANN, senderName: 'Ann', text: null });
  await service.database.query(
    `INSERT INTO pushes (notification_id, user_id, target_id, type, content, expires_at)
     SELECT ('00000000-0000-7000-8000-' || lpad((n / 3)::text, 12, '0'))::uuid, 'sho', gen_random_uuid(), 'chat_message', $1::jsonb, now()
     FROM generate_series(1, 7000) AS n`,
    [content],
  );
  const { body } = await serverOf(service).request('DELETE', `/v1/server/users/${ANN}`);
  expect(body.done.pushes.of_others.rows).toBe(7000);
  expect(await holding(service, ANN)).toEqual([]);
});

/** As on a busy disk: so many rows that one statement could not take them all. */
const ROWS = 12_000;
const SLOW = (table: string, word: 'DELETE' | 'UPDATE'): string => `CREATE TRIGGER slowly AFTER ${word} ON ${table}
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION take_long()`;

it('however much somebody wrote, was pushed and was blocked, no statement takes too long, and nothing is left', async () => {
  await using service = await startChatService();
  const { database } = service;
  const chatId = await openChat(service, { order_id: 'order-1', user_id: ANN, shopper_id: 'sho' });
  await database.query(`CREATE FUNCTION take_long() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN PERFORM pg_sleep((SELECT count(*) FROM gone) * 0.00025); RETURN NULL; END'`);
  const fill = (text: string, ...values: unknown[]) => database.query(`${text} FROM generate_series(1, ${ROWS}) AS n`, [ANN, ...values]);
  await fill(
    `INSERT INTO message_keys (chat_id, sender_id, key, body_hash, message_id) SELECT $2, $1, 'key-' || n, 'hash', gen_random_uuid()`,
    chatId,
  );
  await fill(`INSERT INTO pushes (notification_id, user_id, target_id, type, content, expires_at, done_at)
    SELECT gen_random_uuid(), $1, gen_random_uuid(), 'custom', '{}', now(), now()`);
  await fill(`INSERT INTO blocks (owner_id, blocked_id) SELECT 'owner-' || n, $1`);
  await fill(`INSERT INTO server_audit (action, user_id, key_name) SELECT 'speak', $1, 'key-' || n`);
  for (const table of ['message_keys', 'pushes', 'blocks']) await database.query(SLOW(table, 'DELETE'));
  await database.query(SLOW('server_audit', 'UPDATE'));
  const { status, body } = await serverOf(service).request('DELETE', `/v1/server/users/${ANN}`);
  expect([status, body.complete]).toEqual([200, true]);
  for (const table of ['message_keys', 'pushes', 'blocks']) expect(body.done[table]).toMatchObject({ how: 'deleted', rows: ROWS });
  expect(body.done.server_audit.rows).toBeGreaterThanOrEqual(ROWS);
  expect(await holding(service, ANN)).toEqual([]);
});

it('two who forget the same person at once leave nothing either', async () => {
  await using service = await startChatService();
  const { database } = service;
  const chatId = await openChat(service, { order_id: 'order-1', user_id: ANN, shopper_id: 'sho' });
  await database.query(
    `INSERT INTO message_keys (chat_id, sender_id, key, body_hash, message_id)
     SELECT $2, $1, 'key-' || n, 'hash', gen_random_uuid() FROM generate_series(1, ${ROWS}) AS n`,
    [ANN, chatId],
  );
  const erase = () => serverOf(service).request('DELETE', `/v1/server/users/${ANN}`);
  const both = await Promise.all([erase(), erase()]);
  expect(both.map(({ status }) => status)).toEqual([200, 200]);
  expect(await holding(service, ANN)).toEqual([]);
});

it('a call that lives is left, and said so', async () => {
  await using service = await startChatService();
  const callId = randomUUID();
  await service.post('commands', { commands: [call(ANN, { type: 'place_call', calleeId: 'sho' }, callId)] });
  const backend = serverOf(service);
  expect((await backend.request('DELETE', `/v1/server/users/${ANN}`)).body).toMatchObject({ complete: false, live_calls: 1 });
  await service.post('commands', { commands: [{ ...call(ANN, { type: 'cancel_call' }, callId), requestId: null }] });
  expect((await backend.request('DELETE', `/v1/server/users/${ANN}`)).body).toMatchObject({ complete: true, done: { calls: { rows: 1 } } });
});

it('a notification to many that waits for its time goes to the others alone, and keeps their places', async () => {
  await using service = await startChatService();
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  await serverOf(service).post('/v1/server/notifications', { type: 'custom', userIds: ['adam', ANN, 'sho'], sendAt });
  const { body } = await serverOf(service).request('DELETE', `/v1/server/users/${ANN}`);
  expect(body.done.bulks).toEqual({ how: 'expires', rows: 1, within: '60 days' });
  expect(await service.database.query('SELECT user_ids FROM bulks')).toEqual([{ user_ids: ['adam', body.pseudonym, 'sho'] }]);
});

it('who is connected is disconnected first, and forgotten when asked again, by whichever call-service', async () => {
  await using receiver = await startWebhookReceiver();
  const settings = { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: TEST_WEBHOOK_SECRET };
  await using service = await startChatService(settings);
  await using second = await startSecondCallService(service, { ...settings, SERVER_API_KEYS: 'the-server-key-of-tests-only' });
  const session = { sessionId: randomUUID(), userId: ANN, deviceId: null };
  await reportSessions(service, [session]);
  const erase = async (by = second) => (await serverOf(by).request('DELETE', `/v1/server/users/${ANN}`)).body;
  for (const by of [second, service]) expect(await erase(by)).toMatchObject({ complete: false, open_sessions: 1, live_calls: 0 });
  expect((await serverOf(service).get(`/v1/server/users/${ANN}`)).body.sessions).toMatchObject([{ id: session.sessionId }]);
  const lease = await (await service.post('lease', { gatewayId: 'gateway' })).json();
  expect(lease).toMatchObject({ toClose: [session.sessionId] });
  await reportSessions(service, [], [session]);
  await receiver.receives('that they are gone', ({ type }) => type === 'user.offline');
  await sessionsAreSettled(service);
  const done = { sessions: { rows: 1 }, lines: { rows: 1 }, online_users: { rows: 0 } };
  expect(await erase()).toMatchObject({ complete: true, open_sessions: 0, done });
  expect((await holding(service, ANN)).filter((table) => TREATMENTS[table]?.how !== 'expires')).toEqual([]);
  expect(receiver.received.map(({ type }) => type)).toEqual(['user.online', 'user.offline']);
  const actions = (await serverOf(service).get('/v1/server/audit')).body.items.map(({ action }: { action: string }) => action);
  expect(actions).toEqual(['erase_user', 'erase_user', 'erase_user']);
});

it('whose gateway is dead is forgotten once its lease has lapsed', async () => {
  await using receiver = await startWebhookReceiver();
  const settings = { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: TEST_WEBHOOK_SECRET };
  await using service = await startChatService(settings);
  await using _quick = await startSecondCallService(service, { ...settings, ...SHORT_LEASE });
  await reportSessions(service, [{ sessionId: randomUUID(), userId: ANN, deviceId: null }]);
  const erase = async () => (await serverOf(service).request('DELETE', `/v1/server/users/${ANN}`)).body;
  expect(await erase()).toMatchObject({ complete: false, open_sessions: 1 });
  await service.database.query("UPDATE gateways SET lease_until = now() - interval '1 second'");
  await sessionsAreSettled(service);
  expect(await erase()).toMatchObject({ complete: true, open_sessions: 0 });
  await receiver.receives('that they are gone', ({ type }) => type === 'user.offline');
});

it('whom webhooks called online while there were any is forgotten without them', async () => {
  await using service = await startChatService();
  await service.database.query('INSERT INTO online_users (user_id) VALUES ($1)', [ANN]);
  const { body } = await serverOf(service).request('DELETE', `/v1/server/users/${ANN}`);
  expect(body).toMatchObject({ complete: true, done: { online_users: { how: 'deleted', rows: 1 } } });
  expect(await holding(service, ANN)).toEqual([]);
});

it('who was erased can be called again, also by way of a call-service that knew them', async () => {
  await using service = await startChatService();
  const answerTo = async (commands: object[]): Promise<unknown[]> =>
    ((await (await service.post('commands', { commands })).json()) as { replies: unknown[] }).replies;
  const [before, after] = [randomUUID(), randomUUID()];
  await answerTo([call('sho', { type: 'place_call', calleeId: ANN }, before)]);
  await answerTo([{ ...call('sho', { type: 'cancel_call' }, before), requestId: null }]);
  expect((await serverOf(service).request('DELETE', `/v1/server/users/${ANN}`)).body).toMatchObject({ complete: true });
  const replies = await answerTo([call('sho', { type: 'place_call', calleeId: ANN }, after)]);
  expect(replies).toMatchObject([{ ok: true, call: { id: after, calleeId: ANN } }]);
});
