import { randomUUID } from 'node:crypto';
import { createRestClient, type System, startSystem, startWebhookReceiver, TEST_WEBHOOK_SECRET, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { startPushSystem } from './push-system.ts';
import { connectTwo, ring } from './two-phones.ts';

const KEY = 'the-server-key-of-tests-only';

const settingsFor = (url: string) => ({
  SERVER_API_KEYS: KEY,
  WEBHOOK_URL: url,
  WEBHOOK_SECRET: TEST_WEBHOOK_SECRET,
  WEBHOOK_TIMEOUT_MS: '1000',
});

const serverOf = ({ callServices }: System, index = 0) => createRestClient(callServices[index]?.url as string, KEY);

it('tells a call from placed to ended, in order, signed, with all that the server API knows of it', async () => {
  await using receiver = await startWebhookReceiver();
  await using system = await startSystem({ callServices: 2, settings: settingsFor(receiver.url) });
  await using phones = await connectTwo(system, ['onlycare', 'chattrix-ws']);
  const { callId } = await ring(phones);
  await phones.callee.accept(callId);
  await phones.caller.connected(callId);
  await phones.caller.end(callId);
  const ended = await receiver.receives('the end', ({ type, data }) => type === 'call.ended' && data.call.id === callId);
  expect(receiver.typesOf(callId)).toEqual(['call.placed', 'call.ringing', 'call.accepted', 'call.connected', 'call.ended']);
  expect(receiver.received.every(({ isSigned }) => isSigned)).toBe(true);
  const { hiddenFromCallee, ...call } = (await serverOf(system).get(`/v1/server/calls/${callId}`)).body;
  expect(ended.data).toEqual({
    call: { ...call, hiddenFromCallee },
    seq: 5,
    actor: { userId: phones.caller.userId, deviceId: phones.caller.deviceId },
  });
  expect(ended.timestamp).toBe(call.endTime);
  expect(ended.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': expect.stringMatching(/^msg_[0-9a-f-]{36}$/) });
  expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(receiver.received.length);
});

it('tells how calls end without an answer, and that a block hid one', async () => {
  await using receiver = await startWebhookReceiver();
  await using system = await startSystem({ settings: { ...settingsFor(receiver.url), UNREACHABLE_GRACE_SECONDS: '0' } });
  const server = serverOf(system);
  const place = async (callerId: string, calleeId: string): Promise<string> =>
    (await server.post('/v1/server/calls', { callerId, calleeId, ringTimeoutSeconds: 5 })).body.id;
  await using _bob = await system.connect(0, 'bob');
  await (await system.rest('bob')).request('PUT', '/api/v1/users/me/blocks/eve');
  const missed = await place('ann', 'bob');
  const busy = await place('cid', 'bob');
  const hidden = await place('eve', 'bob');
  const offline = await place('dan', 'nobody');
  await Promise.all(
    [missed, hidden, offline].map((id) => receiver.receives(id, ({ data }) => data.call?.id === id && data.call.endedBy !== null)),
  );
  expect(receiver.typesOf(missed)).toEqual(['call.placed', 'call.ringing', 'call.missed']);
  expect(receiver.typesOf(busy)).toEqual(['call.rejected']);
  expect(receiver.typesOf(offline)).toEqual(['call.placed', 'call.rejected']);
  const ofHidden = receiver.received.filter(({ data }) => data.call?.id === hidden);
  expect(ofHidden.map(({ type, data }) => [type, data.call.hiddenFromCallee])).toEqual([
    ['call.placed', true],
    ['call.rejected', true],
  ]);
});

it('tells of messages and reads without what was said, and of who comes and goes', async () => {
  await using receiver = await startWebhookReceiver();
  await using system = await startSystem({ callServices: 2, settings: settingsFor(receiver.url) });
  const [ann, sho] = [`ann-${randomUUID()}`, `sho-${randomUUID()}`];
  const { id: chatId } = (await serverOf(system).post('/v1/chat', { order_id: 'o', user_id: ann, shopper_id: sho })).body;
  const secret = `the words of ${ann}`;
  const sent = (await (await system.rest(ann)).post(`/v1/chat/${chatId}/messages`, { content: secret, client_message_id: 'm-1' })).body;
  await (await system.rest(sho)).request('PUT', `/v1/chat/${chatId}/messages/read`, { message_ids: [sent.id] });
  const read = await receiver.receives('a read', ({ type }) => type === 'message.read');
  expect(read.data).toEqual({ chatId, messageIds: [sent.id], readBy: sho, readAt: read.timestamp });
  const said = await receiver.receives('a message', ({ type }) => type === 'message.sent');
  expect(said.data).toEqual({
    messageId: sent.id,
    chatId,
    seq: 1,
    senderId: ann,
    senderRole: 'user',
    type: 'text',
    clientMessageId: 'm-1',
    createdAt: sent.created_at,
    recipients: [ann, sho],
  });

  // Two devices on two gateways: who has come stays until the last one is gone.
  const first = await system.connect(0, ann);
  await receiver.receives('online', ({ type, data }) => type === 'user.online' && data.userId === ann);
  const second = await system.connectRaw(1, '/ws/otomo', ann);
  const isConnectedTimes = async (count: number) => (await serverOf(system).get(`/v1/server/users/${ann}`)).body.sessions.length === count;
  await until('both are known', () => isConnectedTimes(2));
  await first[Symbol.asyncDispose]();
  await until('the first is gone', () => isConnectedTimes(1));
  await second[Symbol.asyncDispose]();
  await receiver.receives('offline', ({ type, data }) => type === 'user.offline' && data.userId === ann);
  expect(receiver.received.filter(({ data }) => data.userId === ann).map(({ type }) => type)).toEqual(['user.online', 'user.offline']);
  expect(receiver.received.some(({ text }) => text.includes(secret))).toBe(false);
});

it('a webhook that fails is sent again under its id, holds back the later ones of its call, and of no other', async () => {
  await using receiver = await startWebhookReceiver();
  await using system = await startSystem({ callServices: 2, settings: settingsFor(receiver.url) });
  const server = serverOf(system);
  let isDown = true;
  receiver.answerWith(({ data, type }, response) => {
    const fails = isDown && data.call?.callerId === 'ann' && type === 'call.placed';
    response.writeHead(fails ? 503 : 200).end();
  });
  const held = (await server.post('/v1/server/calls', { callerId: 'ann', calleeId: 'bob' })).body.id;
  await receiver.receives('the first attempt', ({ data }) => data.call?.id === held);
  await server.post(`/v1/server/calls/${held}/cancel`, { userId: 'ann' });
  const other = (await server.post('/v1/server/calls', { callerId: 'cid', calleeId: 'dan' })).body.id;
  await server.post(`/v1/server/calls/${other}/cancel`, { userId: 'cid' });
  await receiver.receives('the other call', ({ data, type }) => type === 'call.cancelled' && data.call.id === other);
  expect(new Set(receiver.typesOf(held))).toEqual(new Set(['call.placed']));
  isDown = false;
  await receiver.receives('the rest', ({ data, type }) => type === 'call.cancelled' && data.call.id === held);
  const told = receiver.typesOf(held);
  expect([new Set(told.slice(0, -1)), told.at(-1)]).toEqual([new Set(['call.placed']), 'call.cancelled']);
  const [first, again] = receiver.received.filter(({ data }) => data.call?.id === held);
  expect([again?.id, again?.text]).toEqual([first?.id, first?.text]);
  expect(receiver.received.every(({ isSigned }) => isSigned)).toBe(true);
});

it('follows no redirect, waits for nobody longer than it may, and reads no answer without end', async () => {
  await using receiver = await startWebhookReceiver();
  await using elsewhere = await startWebhookReceiver();
  await using system = await startSystem({ settings: settingsFor(receiver.url) });
  const wicked = ['redirect', 'silence', 'endless'];
  receiver.answerWith((_received, response) => {
    const way = wicked.shift();
    if (way === undefined) response.writeHead(204).end();
    if (way === 'redirect') response.writeHead(307, { location: elsewhere.url }).end();
    if (way === 'endless') {
      const more = (): void =>
        void (response.destroyed || (response.write('x'.repeat(10_000)) ? setImmediate(more) : response.once('drain', more)));
      response.writeHead(500);
      more();
    }
  });
  const { id } = (await serverOf(system).post('/v1/server/calls', { callerId: 'ann', calleeId: 'bob' })).body;
  const errorOf = async () =>
    (
      await system.database.query<{ error: string | null; attempts: number }>(
        "SELECT error, attempts FROM webhooks WHERE type = 'call.placed'",
      )
    )[0];
  const errors: unknown[] = [];
  for (let attempts = 1; attempts <= 2; attempts += 1)
    errors.push(
      (await until(`attempt ${attempts} is noted`, async () => ((await errorOf())?.attempts === attempts ? errorOf() : null)))?.error,
    );
  expect(errors).toEqual(['answered 307', 'timed out']);
  await system.database.query("UPDATE webhook_streams SET due_at = now() WHERE stream LIKE 'call:%'");
  await until('the third is noted', async () => (await errorOf())?.attempts === 3);
  expect((await errorOf())?.error).toBe('answered 500');
  await system.database.query("UPDATE webhook_streams SET due_at = now() WHERE stream LIKE 'call:%'");
  await until('it is delivered', async () => (await errorOf())?.attempts === 4);
  expect(receiver.typesOf(id)).toEqual(Array.from({ length: 4 }, () => 'call.placed'));
  expect(elsewhere.received).toEqual([]);
});

it('what a process had in hand when it was killed is sent by another one', async () => {
  await using receiver = await startWebhookReceiver();
  receiver.answerWith(() => undefined);
  await using system = await startSystem({
    gateways: 0,
    asProcesses: ['call-service'],
    settings: { ...settingsFor(receiver.url), WEBHOOK_TIMEOUT_MS: '2000', UNREACHABLE_GRACE_SECONDS: '120' },
  });
  const { id } = (await serverOf(system).post('/v1/server/calls', { callerId: 'ann', calleeId: 'bob' })).body;
  await receiver.receives('it is under way', ({ data }) => data.call?.id === id);
  await system.process('call-service', 0).kill();
  receiver.answerWith((_received, response) => response.writeHead(200).end());
  await system.process('call-service', 0).start();
  await serverOf(system).post(`/v1/server/calls/${id}/cancel`, { userId: 'ann' });
  await receiver.receives('what came behind it', ({ type, data }) => type === 'call.cancelled' && data.call.id === id);
  expect(receiver.typesOf(id)).toEqual(['call.placed', 'call.placed', 'call.cancelled']);
});

it('a webhook that was given up lets the next one pass, and comes again with a replay', async () => {
  await using receiver = await startWebhookReceiver();
  await using system = await startSystem({ settings: settingsFor(receiver.url) });
  const server = serverOf(system);
  let isDown = true;
  receiver.answerWith(({ type }, response) => void response.writeHead(isDown && type === 'call.placed' ? 500 : 200).end());
  const since = new Date(Date.now() - 60_000).toISOString();
  const { id } = (await server.post('/v1/server/calls', { callerId: 'ann', calleeId: 'bob' })).body;
  await receiver.receives('the first attempt', ({ data }) => data.call?.id === id);
  // As it is a day later.
  await until(
    'it failed',
    async () => (await system.database.query('UPDATE webhooks SET attempts = 11 WHERE attempts = 1 RETURNING 1')).length === 1,
  );
  await system.database.query('UPDATE webhook_streams SET due_at = now()');
  await server.post(`/v1/server/calls/${id}/cancel`, { userId: 'ann' });
  await receiver.receives('the next one', ({ type, data }) => type === 'call.cancelled' && data.call.id === id);
  const noted = await until('what became of both is noted', async () => {
    const rows = await system.database.query<{ status: string }>('SELECT type, status, attempts, error FROM webhooks ORDER BY seq');
    return rows.every(({ status }) => status !== 'waiting') && rows;
  });
  expect(noted).toEqual([
    { type: 'call.placed', status: 'dead', attempts: 12, error: 'answered 500' },
    { type: 'call.cancelled', status: 'delivered', attempts: 1, error: null },
  ]);

  isDown = false;
  const before = receiver.received.length;
  expect((await server.post('/v1/server/webhooks/replay', { since, callId: id })).body).toEqual({ replayed: 2 });
  await until('both came again', () => receiver.received.length === before + 2);
  const again = receiver.received.slice(before);
  expect(again.map(({ type }) => type)).toEqual(['call.placed', 'call.cancelled']);
  expect(again[0]?.id).toBe(receiver.received[0]?.id);
  expect((await server.post('/v1/server/webhooks/replay', { since, types: ['call.missed'] })).body).toEqual({ replayed: 0 });
  expect((await server.post('/v1/server/webhooks/replay', { since, callId: 'another' })).body).toEqual({ replayed: 0 });
  for (const body of [{}, { since: 'x' }, { since, types: ['call.flown'] }, { since, types: [] }, { since, more: 1 }])
    expect([body, (await server.post('/v1/server/webhooks/replay', body)).status]).toEqual([body, 400]);
  expect((await server.get('/v1/server/audit?action=replay_webhooks')).body.items.at(-1)).toMatchObject({
    callId: id,
    detail: { since, replayed: 2 },
  });
});

it('a replay counts for what is just being sent, too: what becomes of that says nothing of it', async () => {
  await using receiver = await startWebhookReceiver();
  await using system = await startSystem({ gateways: 0, settings: { ...settingsFor(receiver.url), WEBHOOK_TIMEOUT_MS: '20000' } });
  const server = serverOf(system);
  const held: ((status: number) => void)[] = [];
  receiver.answerWith((_received, response) => void held.push((status) => response.writeHead(status).end()));
  const { id } = (await server.post('/v1/server/calls', { callerId: 'ann', calleeId: 'bob' })).body;
  await until('it is under way', () => held.length === 1);
  expect((await server.post('/v1/server/webhooks/replay', { since: '2020-01-01T00:00:00Z' })).body).toEqual({ replayed: 1 });
  await until('it is under way again', () => held.length === 2);
  // The first is taken, the one that was asked for is not: it comes once more.
  held[0]?.(200);
  held[1]?.(500);
  await until('it came once more', () => receiver.typesOf(id).length === 3);
  expect(new Set(receiver.received.map((received) => received.id)).size).toBe(1);
});

it('without a WEBHOOK_URL nothing is stored, and a replay says so', async () => {
  await using system = await startSystem({ settings: { SERVER_API_KEYS: KEY } });
  await using _ann = await system.connect(0, 'ann');
  const server = serverOf(system);
  await server.post('/v1/server/calls', { callerId: 'ann', calleeId: 'bob' });
  const [rows] = await system.database.query<{ count: number }>(
    'SELECT ((SELECT count(*) FROM webhooks) + (SELECT count(*) FROM webhook_streams) + (SELECT count(*) FROM online_users))::integer AS count',
  );
  expect(rows?.count).toBe(0);
  const refused = await server.post('/v1/server/webhooks/replay', { since: new Date().toISOString() });
  expect([refused.status, refused.body.error.message]).toEqual([400, 'No webhooks are sent: WEBHOOK_URL is not set']);
});

it('tells that a push could not be delivered, for good', async () => {
  await using receiver = await startWebhookReceiver();
  const { SERVER_API_KEYS: _, ...settings } = settingsFor(receiver.url);
  await using push = await startPushSystem({ gateways: 1, settings });
  const userId = `ann-${randomUUID()}`;
  const token = await push.fcm(userId);
  push.standIn.unregister(token);
  const { id } = (await push.backend.post('/v1/server/notifications', { userIds: [userId], type: 'system_alert', data: {} })).body;
  const { data } = await receiver.receives('a failure', ({ type }) => type === 'notification.failed');
  expect(data).toEqual({
    notificationId: expect.any(String),
    pushId: expect.any(String),
    userId,
    type: 'system_alert',
    callId: null,
    bulkId: id,
    provider: 'fcm',
    platform: 'android',
    outcome: 'failed',
    error: expect.any(String),
    targetGone: true,
  });
  expect(receiver.received.some(({ text }) => text.includes(token))).toBe(false);
});
