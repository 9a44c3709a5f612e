import { createHmac } from 'node:crypto';
import { backingUrls, createRestClient, createTestDatabase, startWebhookReceiver, TEST_WEBHOOK_SECRET, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { openDatabase } from '../src/database/database.ts';
import { claimWebhooks, noteWebhooks, storeWebhooks } from '../src/webhooks/webhook-store.ts';
import { startRunningCallService, startSecondCallService } from './running-call-service.ts';

const KEY = 'the-server-key-of-tests-only';

const settingsFor = (url: string) => ({ WEBHOOK_URL: url, WEBHOOK_SECRET: TEST_WEBHOOK_SECRET, SERVER_API_KEYS: KEY });

it('many calls through two replicas, to a receiver that often fails: each is told in order, and nothing is missing', async () => {
  await using receiver = await startWebhookReceiver();
  let count = 0;
  // None is refused twice: the pause before a third attempt is longer than anybody waits here.
  const refused = new Set<string>();
  receiver.answerWith(({ id }, response) => {
    count += 1;
    const fails = count % 7 === 0 && !refused.has(id);
    if (fails) refused.add(id);
    response.writeHead(fails ? 500 : 200).end();
  });
  await using service = await startRunningCallService(settingsFor(receiver.url));
  await using second = await startSecondCallService(service, settingsFor(receiver.url));
  const server = (index: number) => createRestClient(index % 2 === 0 ? service.url : second.url, KEY);
  const live = async (index: number): Promise<string> => {
    const { id } = (await server(index).post('/v1/server/calls', { callerId: `a${index}`, calleeId: `b${index}` })).body;
    await server(index + 1).post(`/v1/server/calls/${id}/accept`, { userId: `b${index}` });
    await server(index).post(`/v1/server/calls/${id}/end`, { userId: `a${index}` });
    return id;
  };
  const ids = await Promise.all(Array.from({ length: 40 }, (_, index) => live(index)));
  await until(
    'all are delivered',
    async () => (await service.database.query("SELECT FROM webhooks WHERE status <> 'delivered'")).length === 0,
    25_000,
  );
  for (const id of ids) {
    const told = receiver.typesOf(id);
    const withoutRepetition = told.filter((type, index) => type !== told[index - 1]);
    expect(withoutRepetition).toEqual(['call.placed', 'call.accepted', 'call.ended']);
  }
  expect(await service.database.query('SELECT FROM webhook_streams')).toEqual([]);
});

it('what comes of a sending whose claim has lapsed frees nothing that another one sends by now', async () => {
  await using stored = await createTestDatabase(backingUrls().templateDatabaseUrl);
  await using database = openDatabase({ url: stored.url, poolSize: 1, onError: () => undefined });
  await database.transaction(async (transaction) =>
    storeWebhooks(transaction, [{ stream: 'user:ann', type: 'user.online', at: 0, data: { userId: 'ann' } }]),
  );
  const [first] = await claimWebhooks(database, 1, 0);
  const [second] = await claimWebhooks(database, 1, 60_000);
  if (first === undefined || second === undefined || !('seq' in first)) return expect.unreachable();
  expect(second).toMatchObject({ seq: first.seq, claim: first.claim + 1 });
  const { stream, claim, seq } = first;
  await noteWebhooks(database, [{ stream, claim, seq, status: 'waiting', attempts: 1, error: 'late', delayMs: 0 }]);
  expect(await claimWebhooks(database, 1, 0)).toEqual([]);
  expect(await stored.query('SELECT attempts FROM webhooks')).toEqual([{ attempts: 0 }]);
});

it('while a secret is replaced both sign, so a receiver that knows either of them is content', async () => {
  const next = `whsec_${Buffer.from('the next secret of the tests here').toString('base64')}`;
  await using knowsOld = await startWebhookReceiver();
  await using knowsNew = await startWebhookReceiver(next);
  for (const [receiver, separator] of [
    [knowsOld, ','],
    [knowsNew, ' '],
  ] as const) {
    await using service = await startRunningCallService({
      ...settingsFor(receiver.url),
      WEBHOOK_SECRET: `${TEST_WEBHOOK_SECRET}${separator}${next}`,
    });
    await createRestClient(service.url, KEY).post('/v1/server/calls', { callerId: 'ann', calleeId: 'bob' });
    const { isSigned, headers, text } = await receiver.receives('a call', ({ type }) => type === 'call.placed');
    expect(isSigned).toBe(true);
    // By hand too, as the specification has it.
    const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`;
    const signatures = [TEST_WEBHOOK_SECRET, next].map((secret) => {
      const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
      return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
    });
    expect(headers['webhook-signature']).toBe(signatures.join(' '));
  }
});

it('what was told a week ago is forgotten, and what still waits is not', async () => {
  await using receiver = await startWebhookReceiver();
  await using service = await startRunningCallService();
  await service.database.query(`INSERT INTO webhooks (stream, type, body, status, created_at)
    SELECT 'call:' || n, 'call.placed', '{}', CASE n WHEN 1 THEN 'delivered' WHEN 2 THEN 'dead' WHEN 3 THEN 'waiting' ELSE 'delivered' END,
      now() - CASE n WHEN 4 THEN interval '6 days' ELSE interval '8 days' END FROM generate_series(1, 4) n`);
  await using _second = await startSecondCallService(service, settingsFor(receiver.url));
  await until('the old ones are gone', async () => (await service.database.query('SELECT FROM webhooks')).length === 2);
  expect(await service.database.query('SELECT stream FROM webhooks ORDER BY seq')).toEqual([{ stream: 'call:3' }, { stream: 'call:4' }]);
});

it('tells of pushes whose time was over before anybody sent them: found by the sweep, or by whoever came to send', async () => {
  await using receiver = await startWebhookReceiver();
  await using service = await startRunningCallService(settingsFor(receiver.url));
  const queue = async (userId: string, dueAt: string): Promise<string> => {
    const [push] = await service.database.query<{ id: string }>(
      `WITH target AS (INSERT INTO push_targets (user_id, provider, platform, kind, address) VALUES ($1, 'fcm', 'ios', 'token', $1) RETURNING id)
      INSERT INTO pushes (notification_id, user_id, target_id, type, content, expires_at, due_at)
      SELECT gen_random_uuid(), $1, id, 'system_alert', '{}', now() - interval '1 second', now() + $2::interval FROM target RETURNING id`,
      [userId, dueAt],
    );
    return push?.id as string;
  };
  const claimed = await queue('ann', '1 hour');
  await service.post('claimPushes', { pushes: [{ id: claimed, attempt: 1 }] });
  const swept = await queue('bob', '0 seconds');
  for (const [userId, pushId] of [
    ['ann', claimed],
    ['bob', swept],
  ]) {
    const { data } = await receiver.receives(`that of ${userId}`, (each) => each.data.userId === userId);
    const about = { pushId, userId, type: 'system_alert', provider: 'fcm', platform: 'ios', outcome: 'expired', targetGone: false };
    expect(data).toMatchObject(about);
  }
  await service.post('claimPushes', { pushes: [{ id: claimed, attempt: 1 }] });
  expect(await service.database.query('SELECT FROM webhooks')).toHaveLength(2);
});

it('metrics tell how webhooks fare, how many wait, and since when', async () => {
  await using receiver = await startWebhookReceiver();
  let isDown = true;
  receiver.answerWith((_received, response) => void response.writeHead(isDown ? 500 : 200).end());
  await using service = await startRunningCallService(settingsFor(receiver.url));
  const metric = async (name: string): Promise<number | null> => {
    const text = await (await fetch(`${service.url}/metrics`)).text();
    const line = text.split('\n').find((each) => each.startsWith(`trunkline_${name} `));
    return line === undefined ? null : Number(line.split(' ').at(-1));
  };
  expect([await metric('webhooks_waiting'), await metric('webhooks_oldest_seconds')]).toEqual([0, 0]);
  await createRestClient(service.url, KEY).post('/v1/server/calls', { callerId: 'ann', calleeId: 'bob' });
  await until('it failed', () => metric('webhooks_total{type="call.placed",outcome="retried"}'));
  expect(await metric('webhooks_waiting')).toBe(1);
  expect(await metric('webhooks_oldest_seconds')).toBeGreaterThan(0);
  isDown = false;
  await until('it was delivered', () => metric('webhooks_total{type="call.placed",outcome="delivered"}'));
  expect(await metric('webhook_seconds_count')).toBe(2);
  await until('none waits', async () => (await metric('webhooks_waiting')) === 0);
});
