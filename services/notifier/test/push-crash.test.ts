import { expect, it, vi } from 'vitest';
import { startNotifierProcess } from './notifier-process.ts';
import { android, startPushDesk } from './push-line.ts';

const PATIENCE = { timeout: 60_000, interval: 5 };
const CONCURRENCY = 10;

it('kill -9 in the middle of a batch loses no push, and doubles at most what was in flight', { timeout: 90_000 }, async () => {
  await using desk = await startPushDesk();
  const { door, standIn } = desk;
  const settings = { ...desk.settings, PUSH_CONCURRENCY: String(CONCURRENCY) };
  standIn.script({ status: null, delayMs: 20, times: 100_000 });
  const tokens = Array.from({ length: 300 }, (_, index) => `token-${index}`);
  const ids = tokens.map((token) => door.put({ content: { type: 'chat_read', chatId: 'chat-1' }, address: android(token) }));
  await using first = startNotifierProcess(settings);
  await desk.enqueue(ids);
  await vi.waitFor(() => expect(standIn.attempts().length).toBeGreaterThan(100), PATIENCE);

  await first.kill();

  const inFlight = standIn.attempts().length - door.results.length;
  expect(door.results.length).toBeLessThan(300);
  await using _second = startNotifierProcess(settings);
  await vi.waitFor(() => expect(new Set(door.results.map(({ id }) => id)).size).toBe(300), PATIENCE);
  const received = standIn.received().map(({ target }) => target);
  expect(new Set(received)).toEqual(new Set(tokens));
  expect(received.length - 300).toBeLessThanOrEqual(inFlight);
  // Those at the provider, and those of two reports under way.
  expect(inFlight).toBeLessThanOrEqual(4 * CONCURRENCY);
});
