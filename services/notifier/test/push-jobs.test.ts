import type { PushAddress, PushId } from '@trunkline/contract';
import { expect, it, vi } from 'vitest';
import { loadNotifierConfig, startNotifier } from '../src/index.ts';
import { android, browser, RING, STOP, startPushDesk, startPushLine } from './push-line.ts';

const PATIENCE = { timeout: 15_000, interval: 10 };
const CHAT_READ = { type: 'chat_read', chatId: 'chat-1' } as const;
const OPEN = 'the provider is down: the breaker is open';

it('a push whose time is over is never sent', async () => {
  await using line = await startPushLine();
  expect(await line.send({ content: RING, address: android('a-token'), expiresInMs: 0 })).toMatchObject({ outcome: 'expired' });
  expect(line.standIn.attempts()).toEqual([]);
});

it('no attempt starts past the end of its push, however long it had to wait for its turn', async () => {
  await using line = await startPushLine({ PUSH_CONCURRENCY: '1' });
  line.standIn.script({ target: 'slow', status: null, delayMs: 1500 });
  const slow = line.door.put({ content: RING, address: android('slow') });
  const late = line.door.put({ content: RING, address: android('late'), expiresInMs: 1000 });
  await line.enqueue([slow, late]);
  expect(await line.resultOf(late)).toMatchObject({ outcome: 'expired' });
  expect(await line.resultOf(slow)).toMatchObject({ outcome: 'accepted' });
  expect(line.standIn.attempts().map(({ target }) => target)).toEqual(['slow']);
});

it('an attempt ends with its push, and does not count as an outage', async () => {
  await using line = await startPushLine({ PUSH_BREAKER_FAILURES: '1', PUSH_BREAKER_OPEN_MS: '60000' });
  line.standIn.script({ target: 'slow', status: null, delayMs: 20_000 });
  const result = await line.send({ content: RING, address: android('slow'), expiresInMs: 3000 });
  expect(result).toMatchObject({ outcome: 'retry', error: expect.stringMatching(/^no answer within \d+ ms$/) });
  expect(await line.send({ content: RING, address: android('another') })).toMatchObject({ outcome: 'accepted' });
});

it('an attempt that ended with its push does not close a breaker', async () => {
  await using line = await startPushLine({ PUSH_BREAKER_FAILURES: '1', PUSH_BREAKER_OPEN_MS: '60000' });
  line.standIn.script({ target: 'slow', status: null, delayMs: 20_000 });
  line.standIn.script({ target: 'down', status: 503 });
  const slow = line.door.put({ content: RING, address: android('slow'), expiresInMs: 3000 });
  await line.enqueue([slow]);
  await vi.waitFor(() => expect(line.standIn.attempts()).toHaveLength(1), PATIENCE);
  await line.send({ content: RING, address: android('down') });
  expect(await line.resultOf(slow)).toMatchObject({ outcome: 'retry', error: expect.stringMatching(/^no answer within \d+ ms$/) });
  expect(await line.send({ content: RING, address: android('another') })).toMatchObject({ outcome: 'retry', error: OPEN });
});

type Subscription = Extract<PushAddress, { provider: 'web_push' }>;

it.each<[string, (address: Subscription) => Subscription]>([
  ['keys that are none', (address) => ({ ...address, p256dh: 'not-a-key' })],
  ['an endpoint that is not allowed', (address) => ({ ...address, endpoint: address.endpoint.replace('//', '//user@') })],
])('%s: what is refused before it is sent does not count as a sign of health', async (_what, spoil) => {
  await using line = await startPushLine({ PUSH_BREAKER_FAILURES: '2', PUSH_BREAKER_OPEN_MS: '60000' });
  const address = browser(line.standIn);
  line.standIn.script({ provider: 'web_push', status: 503, times: 2 });
  await line.send({ content: RING, address });
  expect(await line.send({ content: RING, address: spoil(address) })).toMatchObject({ outcome: 'failed' });
  await line.send({ content: RING, address });
  expect(await line.send({ content: RING, address })).toMatchObject({ outcome: 'retry', error: OPEN });
});

it('a provider that is down is left alone until its breaker lets one try', async () => {
  await using line = await startPushLine({ PUSH_BREAKER_FAILURES: '2', PUSH_BREAKER_OPEN_MS: '60000' });
  line.standIn.script({ status: 503, times: 2 });
  for (const token of ['one', 'two']) await line.send({ content: RING, address: android(token) });

  const result = await line.send({ content: RING, address: android('three') });

  expect(result).toMatchObject({ outcome: 'retry', error: OPEN });
  expect(result).toHaveProperty(
    'retryAfterMs',
    expect.toSatisfy((value: number) => value > 30_000 && value <= 60_000),
  );
  expect(line.standIn.attempts().map(({ target }) => target)).toEqual(['one', 'two']);
});

it('a provider that is back gets pushes again', async () => {
  await using line = await startPushLine({ PUSH_BREAKER_FAILURES: '1', PUSH_BREAKER_OPEN_MS: '100' });
  line.standIn.script({ status: 503 });
  await line.send({ content: RING, address: android('one') });
  await vi.waitFor(async () => {
    expect(await line.send({ content: RING, address: android('two') })).toMatchObject({ outcome: 'accepted' });
  }, PATIENCE);
});

it('a breaker of one provider does not keep us from the other', async () => {
  await using line = await startPushLine({ PUSH_BREAKER_FAILURES: '1', PUSH_BREAKER_OPEN_MS: '60000' });
  line.standIn.script({ provider: 'fcm', status: 503 });
  await line.send({ content: RING, address: android('one') });
  const result = await line.send({ content: RING, address: browser(line.standIn) });
  expect(result).toMatchObject({ outcome: 'accepted' });
});

it('what is more than the rate allows is put off, but no ring', async () => {
  await using line = await startPushLine({ FCM_RATE_PER_SECOND: '1' });
  const bulk = Array.from({ length: 30 }, (_, index) => line.door.put({ content: CHAT_READ, address: android(`bulk-${index}`) }));
  const ring = line.door.put({ content: RING, address: android('ring') });
  await line.enqueue([...bulk, ring]);
  expect(await line.resultOf(ring)).toMatchObject({ outcome: 'accepted' });
  const last = await line.resultOf(bulk[29] as (typeof bulk)[number]);
  expect(last).toMatchObject({ outcome: 'retry', error: 'the rate limit', retryAfterMs: 20_000 });
  await vi.waitFor(async () => {
    const said = await (await fetch(`${line.notifier.url}/metrics`)).text();
    expect(said).toMatch(/^trunkline_pushes_total\{provider="fcm",type="chat_read",outcome="deferred"\} \d+$/m);
    expect(said).not.toContain('outcome="retry"');
  }, PATIENCE);
});

it('a notifier that stops gives back what waits for its turn', async () => {
  await using line = await startPushLine({ PUSH_CONCURRENCY: '1' });
  line.standIn.script({ target: 'slow', status: null, delayMs: 3000 });
  const [slow, waiting] = ['slow', 'waiting'].map((token) => line.door.put({ content: RING, address: android(token) }));
  await line.enqueue([slow, waiting] as PushId[]);
  await vi.waitFor(() => expect(line.standIn.attempts()).toHaveLength(1), PATIENCE);
  await line.notifier[Symbol.asyncDispose]();
  expect(line.door.resultOf(slow as PushId)).toMatchObject({ outcome: 'accepted' });
  expect(line.door.resultOf(waiting as PushId)).toMatchObject({ outcome: 'retry', error: 'its notifier stopped' });
});

it('a notifier that stops takes no ring from another, however long it works on what it has', async () => {
  await using line = await startPushLine();
  line.standIn.script({ target: 'slow', status: null, delayMs: 3000 });
  await line.enqueue([line.door.put({ content: CHAT_READ, address: android('slow') })], 1, 'push_bulk');
  await vi.waitFor(() => expect(line.standIn.attempts()).toHaveLength(1), PATIENCE);
  await using _another = await startNotifier(loadNotifierConfig(line.settings));
  let hasStopped = false;
  const stopping = line.notifier[Symbol.asyncDispose]().then(() => {
    hasStopped = true;
  });
  await vi.waitFor(() => expect(fetch(`${line.notifier.url}/livez`)).rejects.toThrow(), PATIENCE);
  while (!hasStopped) expect(await line.send({ content: RING, address: android('ring') })).toMatchObject({ outcome: 'accepted' });
  await stopping;
});

it('reports are repeated until they are taken', async () => {
  await using line = await startPushLine();
  line.door.refuseReports(3);
  expect(await line.send({ content: STOP, address: android('a-token') })).toMatchObject({ outcome: 'accepted' });
  expect(line.standIn.attempts()).toHaveLength(1);
  await vi.waitFor(async () => expect(await line.queue.getCompletedCount()).toBe(1), PATIENCE);
});

it.each([400, 500])('a result that is always answered %i keeps no other from being recorded, and no job from ending', async (status) => {
  await using line = await startPushLine();
  const ids = Array.from({ length: 20 }, (_, index) => line.door.put({ content: CHAT_READ, address: android(`token-${index}`) }));
  const [refused, ...others] = ids as [PushId, ...PushId[]];
  line.door.refuseResult(refused, status);
  await line.enqueue(ids);
  await vi.waitFor(async () => expect(await line.queue.getCompletedCount()).toBe(1), PATIENCE);
  expect(new Set(line.door.results.map(({ id }) => id))).toEqual(new Set(others));
  expect(line.standIn.attempts()).toHaveLength(20);
});

it('a chunk of 500 reaches every target once, in few reports', async () => {
  await using line = await startPushLine();
  const tokens = Array.from({ length: 500 }, (_, index) => `token-${index}`);
  await line.enqueue(tokens.map((token) => line.door.put({ content: CHAT_READ, address: android(token) })));
  await vi.waitFor(() => expect(line.door.results).toHaveLength(500), PATIENCE);
  const received = line.standIn.received().map(({ target }) => target);
  expect([...received].sort()).toEqual([...tokens].sort());
  expect(line.door.reports.length).toBeLessThan(500);
});

it('what another has done is not done again', async () => {
  await using line = await startPushLine();
  const id = line.door.put({ content: RING, address: android('a-token') });
  await line.enqueue([id]);
  await line.resultOf(id);
  await line.enqueue([id]);
  await vi.waitFor(async () => expect(await line.queue.getCompletedCount()).toBe(2), PATIENCE);
  expect(line.standIn.attempts()).toHaveLength(1);
  expect(line.door.results).toHaveLength(1);
});

it('says at /metrics what became of pushes, by provider and type, and which provider is down', async () => {
  await using line = await startPushLine({ PUSH_BREAKER_FAILURES: '1', PUSH_BREAKER_OPEN_MS: '60000' });
  line.standIn.script({ target: 'down', status: 503 });
  line.standIn.unregister('gone');
  const subscription = browser(line.standIn);
  await line.send({ content: RING, address: subscription });
  await line.send({ content: STOP, address: android('fine') });
  await line.send({ content: RING, address: android('gone') });
  await line.send({ content: RING, address: android('late'), expiresInMs: 0 });
  await line.send({ content: RING, address: android('down') });
  const said = await (await fetch(`${line.notifier.url}/metrics`)).text();
  const counted = said.split('\n').filter((text) => text.startsWith('trunkline_pushes_total'));
  expect(counted).toEqual([
    'trunkline_pushes_total{provider="web_push",type="incoming_call",outcome="accepted"} 1',
    'trunkline_pushes_total{provider="fcm",type="call_cancelled",outcome="accepted"} 1',
    'trunkline_pushes_total{provider="fcm",type="incoming_call",outcome="target_gone"} 1',
    'trunkline_pushes_total{provider="fcm",type="incoming_call",outcome="expired"} 1',
    'trunkline_pushes_total{provider="fcm",type="incoming_call",outcome="retry"} 1',
  ]);
  expect(said).toContain('trunkline_push_accept_seconds_count{provider="fcm",type="call_cancelled"} 1');
  expect(said).toContain('trunkline_push_breakers_open{provider="fcm"} 1');
  expect(said).toContain('trunkline_push_breakers_open{provider="web_push"} 0');
  expect(said).toContain('trunkline_job_wait_seconds_count{queue="push"} 5');
});

it('says how many jobs of each queue wait, those that are in no hurry too', async () => {
  await using desk = await startPushDesk();
  await desk.queue.add('push', { pushes: [] }, { priority: 10, delay: 60_000 });
  await desk.queue.pause();
  await desk.queue.add('push', { pushes: [] }, { priority: 10 });
  await using notifier = await startNotifier(loadNotifierConfig(desk.settings));
  await vi.waitFor(async () => {
    const said = await (await fetch(`${notifier.url}/metrics`)).text();
    expect(said).toContain('trunkline_queue_jobs{queue="push",state="waiting"} 1');
    expect(said).toContain('trunkline_queue_jobs{queue="push",state="delayed"} 1');
    expect(said).toContain('trunkline_queue_jobs{queue="push_bulk",state="waiting"} 0');
  }, PATIENCE);
});
