import { expect, it, vi } from 'vitest';
import { startNotifierProcess } from './notifier-process.ts';
import { browser, RING, startPushDesk } from './push-line.ts';

const PATIENCE = { timeout: 30_000, interval: 20 };
const TOKEN = 'canary-token';
const TEXT = 'canary-text';
const NAME = 'canary-name';

it('no token, key, endpoint, name or text is in any log line or result, whatever happens to a push', { timeout: 60_000 }, async () => {
  await using desk = await startPushDesk();
  const { door, standIn } = desk;
  const chat = { chatId: 'chat-1', messageId: 'm-1', senderId: RING.callerId, senderName: NAME, messageType: 'text', orderId: null };
  const contents = [{ type: 'chat_message', ...chat, text: TEXT } as const, { ...RING, callerName: NAME }];
  const statuses = [null, 400, 401, 403, 404, 410, 418, 429, 500, 503];
  const subscription = browser(standIn);
  const addresses = [
    { provider: 'fcm', platform: 'android', kind: 'token', token: TOKEN },
    { provider: 'fcm', platform: 'ios', kind: 'fid', token: TOKEN },
    subscription,
    { ...subscription, p256dh: subscription.p256dh.slice(0, 40) },
    { ...subscription, endpoint: `${subscription.endpoint}-unknown` },
    { ...subscription, endpoint: `ftp://push.example/${TOKEN}` },
  ] as const;
  await using notifier = startNotifierProcess({
    ...desk.settings,
    LOG_LEVEL: 'trace',
    PUSH_BREAKER_FAILURES: '1',
    PUSH_BREAKER_OPEN_MS: '100',
  });

  let sent = 0;
  for (const status of statuses) {
    standIn.script({ provider: 'fcm', status, times: 1 });
    standIn.script({ provider: 'web_push', status, times: 1 });
    await desk.enqueue(contents.flatMap((content) => addresses.map((address) => door.put({ content, address }))));
    sent += contents.length * addresses.length;
    await vi.waitFor(() => expect(door.results).toHaveLength(sent), PATIENCE);
  }
  door.refuseReports(1);
  await desk.enqueue([door.put({ content: contents[0] as (typeof contents)[0], address: addresses[0] })]);
  await vi.waitFor(() => expect(door.results).toHaveLength(sent + 1), PATIENCE);
  await desk.queue.add('push', { pushes: [{ id: TOKEN, attempt: 1 }] } as never);
  await vi.waitFor(async () => expect(await desk.queue.getFailedCount()).toBe(1), PATIENCE);

  const outcomes = new Set(door.results.map(({ outcome }) => outcome));
  expect(outcomes).toEqual(new Set(['accepted', 'failed', 'target_gone', 'retry']));
  const told = notifier.output() + JSON.stringify(door.results);
  expect(notifier.output()).toContain('a push has its result');
  expect(notifier.output()).toMatch(/"why":"FCM answered 500[^"]*","msg":"a push service is down: its breaker opens"/);
  expect(notifier.output()).toMatch(
    /"level":"warn"[^\n]*"callId":"CALL_17637599232099"[^\n]*"why":"[^"]+","msg":"a push was refused for good"/,
  );
  const { INTERNAL_TOKEN, VAPID_PRIVATE_KEY } = desk.settings;
  const path = subscription.endpoint.split('/').at(-1);
  const canaries = [TOKEN, TEXT, NAME, path, subscription.auth, subscription.p256dh.slice(0, 40), INTERNAL_TOKEN, VAPID_PRIVATE_KEY];
  expect(canaries.filter((canary) => canary !== undefined && told.includes(canary))).toEqual([]);
  expect(canaries).not.toContain(undefined);
});
