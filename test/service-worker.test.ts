import { randomUUID } from 'node:crypto';
import type { CallId, PushContent, PushId, PushType } from '@trunkline/contract';
import { type WebNotification, webNotification } from '@trunkline/notifier';
import { type Browser, hasBrowser, launchBrowser, until } from '@trunkline/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bundle, startWebApp, type WebApp } from './web-app.ts';
import { probeWorker, type WorkerProbe } from './worker-probe.ts';

const MINUTE = 60_000;

const chat = {
  chatId: 'chat-1',
  messageId: 'm-1',
  senderId: 'alice',
  senderName: 'Alice',
  messageType: 'text',
  orderId: 'order-1',
  text: 'Hello!',
};
const words = { name: null, title: 'Hello', body: 'World', data: { page: '7' } };
const callOf = (callId: string) => ({ callId: callId as CallId, callerId: 'alice' as never, callerName: 'Alice' });
const ringOf = (callId: string) =>
  ({ type: 'incoming_call', ...callOf(callId), callerAvatar: null, callType: 'VIDEO', channelId: callId }) as const;
const stopOf = (callId: string) => ({ type: 'call_cancelled', ...callOf(callId), reason: 'cancelled' }) as const;
const missedOf = (callId: string) => ({ type: 'missed_call', ...callOf(callId), callType: 'AUDIO' }) as const;

/** One of each kind that the notifier sends. */
const CONTENTS = {
  incoming_call: ringOf('call-a'),
  call_cancelled: stopOf('call-b'),
  missed_call: missedOf('call-c'),
  chat_message: { type: 'chat_message', ...chat },
  chat_read: { type: 'chat_read', chatId: 'chat-2' },
  order_update: { type: 'order_update', orderId: 'order-2', status: 'shopping' },
  receipt_shared: { type: 'receipt_shared', orderId: 'order-3' },
  promotional: { type: 'promotional', ...words },
  system_alert: { type: 'system_alert', ...words },
  custom: { type: 'custom', ...words },
} as const satisfies { readonly [Type in PushType]: PushContent & { type: Type } };

/** What the notifier sends a browser. */
const pushOf = (content: PushContent, expiresInMs = MINUTE, language: 'en' | 'ja' = 'en'): WebNotification =>
  webNotification({ id: randomUUID() as PushId, content, language } as Parameters<typeof webNotification>[0], Date.now() + expiresInMs);

describe.runIf(await hasBrowser())('the service worker in a browser', { timeout: 60_000 }, () => {
  let app: WebApp;
  let browser: Browser;
  let worker: WorkerProbe;

  beforeAll(async () => {
    app = await startWebApp();
    app.serve({
      '/sw.js': await bundle(`import { startServiceWorker } from '@trunkline/client/service-worker';\nstartServiceWorker();`),
      '/empty.txt': '',
      '/deaf': '<!doctype html><title>Deaf</title>',
      '/page.js': await bundle(`import { onNotificationClick } from '@trunkline/client';
        globalThis.clicks = [];
        onNotificationClick((click) => globalThis.clicks.push(click));`),
    });
    browser = await launchBrowser();
    worker = await probeWorker(browser, app.origin);
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    for (const page of browser.profile.pages()) if (page.url() !== 'about:blank') await page.close();
    await worker.closeAll();
    expect(worker.errors).toEqual([]);
  });

  const open = async (path: string) => {
    const page = await browser.profile.newPage();
    await page.goto(`${app.origin}${path}`);
    return page;
  };
  const clicksOn = (page: Awaited<ReturnType<typeof open>>): Promise<unknown[]> =>
    page.evaluate(() => (globalThis as unknown as { clicks: unknown[] }).clicks);

  describe('shows', () => {
    const TAKE_AWAY: ReadonlySet<string> = new Set(['call_cancelled', 'chat_read']);

    it.each(['en', 'ja'] as const)('what the notifier says of each kind, with its actions, in %s', async (language) => {
      const pushes = Object.values(CONTENTS)
        .filter(({ type }) => !TAKE_AWAY.has(type))
        .map((content) =>
          pushOf('callId' in content ? { ...content, callId: `${content.callId}-${language}` as CallId } : content, MINUTE, language),
        );
      for (const push of pushes) await worker.push(push);
      const byTag = (one: { tag: string }, other: { tag: string }): number => one.tag.localeCompare(other.tag);
      expect((await worker.shown()).toSorted(byTag)).toEqual(pushes.toSorted(byTag));
    });

    it('no ring whose time is over, and none any longer than its time', async () => {
      await worker.push(pushOf(ringOf('expired'), -1));
      await worker.push(pushOf(ringOf('short'), 5000));
      await worker.shows('call-short');
      await worker.shows();
    });

    it('one ring for a call, however often it is pushed, until it was waved away', async () => {
      for (let time = 0; time < 2; time += 1) await worker.push(pushOf(ringOf('again')));
      await worker.shows('call-again');
      await worker.dismiss('call-again');
      await worker.push(pushOf(ringOf('again')));
      await worker.push(pushOf(CONTENTS.order_update));
      await worker.shows('order-2');
    });

    it('nothing of what is no push of ours, and goes on', async () => {
      const payloads = ['', 'Hello!', 'null', '[]', '7', '"title"', '{}', '{"title":""}', '{"title":{"a":1}}', '['.repeat(2000)];
      for (const payload of payloads) await worker.push(payload);
      await worker.push(pushOf(CONTENTS.order_update));
      await worker.shows('order-2');
    });

    it('what it can of a push that is partly ours', async () => {
      await worker.push({
        title: 'Hello',
        tag: 7,
        body: null,
        data: 'x',
        actions: [{ action: 'go' }, 5, { action: 'go', title: 'Go' }],
        requireInteraction: 'yes',
      });
      const [shown] = await worker.shows('');
      expect(shown).toMatchObject({
        title: 'Hello',
        body: '',
        data: {},
        requireInteraction: false,
        actions: [{ action: 'go', title: 'Go' }],
      });
      await worker.closeAll();
      await worker.push({ title: 'Hello', tag: 'odd', data: { type: 'incoming_call', expiresAt: 'soon', callId: '../../a b' } });
      await worker.push({ title: 'Hello', tag: 'new', data: { type: 'toString' } });
      await worker.shows('new', 'odd');
    });
  });

  describe('takes away', () => {
    it('the ring of a call that was cancelled, and only that', async () => {
      await worker.push(pushOf(ringOf('one')));
      await worker.push(pushOf(ringOf('two')));
      await worker.shows('call-one', 'call-two');
      await worker.push(pushOf(stopOf('one')));
      await worker.shows('call-two');
    });

    it('a ring that comes after its own cancel', async () => {
      await worker.push(pushOf(stopOf('late')));
      await worker.push(pushOf(ringOf('late')));
      await worker.push(pushOf(CONTENTS.order_update));
      await worker.shows('order-2');
    });

    it('no word of a call that was missed, in whichever order it comes, nor where both come at once', async () => {
      const orders = [
        ['stop', 'missed'],
        ['missed', 'stop'],
      ] as const;
      const pushes = { stop: (callId: string) => pushOf(stopOf(callId)), missed: (callId: string) => pushOf(missedOf(callId)) };
      for (const [first, second] of orders) {
        await worker.push(pushes[first](`${first}-first`));
        await worker.push(pushes[second](`${first}-first`));
        await Promise.all([first, second].map((which) => worker.push(pushes[which](`${first}-at-once`))));
      }
      const shown = await worker.shows(...orders.flatMap(([first]) => [`call-${first}-first`, `call-${first}-at-once`]));
      expect(new Set(shown.map(({ data }) => data['type']))).toEqual(new Set(['missed_call']));
    });

    it('the messages of a chat that was read on another device', async () => {
      await worker.push(pushOf({ type: 'chat_message', ...chat, chatId: 'chat-2' }));
      await worker.push(pushOf(CONTENTS.chat_message));
      await worker.shows('chat-1', 'chat-2');
      await worker.push(pushOf(CONTENTS.chat_read));
      await worker.shows('chat-1');
    });
  });

  describe('a click', () => {
    const clickOn = async (content: PushContent, action = '') => {
      const push = pushOf(content);
      await worker.push(push);
      await worker.shows(push.tag);
      const result = await worker.click(push.tag, action);
      expect(await worker.shown()).toEqual([]);
      return { ...result, data: push.data };
    };

    it('opens the page that it is about where no page is open', async () => {
      const paths = [
        ['chat_message', '', '/chat/chat-1'],
        ['chat_message', 'reply', '/chat/chat-1'],
        ['chat_message', 'view_order', '/orders/order-1'],
        ['order_update', '', '/orders/order-1'],
        ['receipt_shared', 'view_order', '/orders/order-1'],
        ['promotional', '', '/'],
        ['system_alert', '', '/'],
        ['custom', '', '/'],
      ] as const;
      for (const [index, [type, _action, _path]] of paths.entries())
        await worker.push({ ...pushOf({ ...CONTENTS[type], orderId: 'order-1' } as PushContent), tag: `click-${index}` });
      for (const [index, [type, action, path]] of paths.entries()) {
        const { opened, focused } = await worker.click(`click-${index}`, action);
        expect({ type, action, opened, focused }).toEqual({ type, action, opened: [`${app.origin}${path}`], focused: [] });
      }
      expect(await worker.shown()).toEqual([]);
    });

    it('goes to the page that is open, and there to the one that shows it already', async () => {
      const page = await open('/chat/chat-1');
      const other = await open('/');
      const { opened, focused, data } = await clickOn(CONTENTS.chat_message, 'reply');
      expect({ opened, focused }).toEqual({ opened: [], focused: [page.url()] });
      expect([await clicksOn(page), await clicksOn(other)]).toEqual([[{ action: 'reply', data }], []]);
    });

    it('opens another page where the open ones hear of no clicks', async () => {
      await open('/deaf');
      const { opened, focused } = await clickOn(CONTENTS.chat_message);
      expect({ opened, focused }).toEqual({ opened: [`${app.origin}/chat/chat-1`], focused: [] });
    });

    it.each([
      ['incoming_call', 'accept'],
      ['incoming_call', 'decline'],
      ['incoming_call', ''],
      ['missed_call', 'call_back'],
    ] as const)('on %s, %j, is told to the page that it opens, once, and to nobody who makes the link up', async (type, action) => {
      const content = { ...CONTENTS[type], callId: randomUUID() as CallId };
      const { opened, data } = await clickOn(content, action);
      expect(opened).toHaveLength(1);
      const path = (opened[0] as string).slice(app.origin.length);
      expect(path).toMatch(/^\/\?trunkline-click=[0-9a-f-]+$/);
      const page = await open(path);
      await until('the click is told', async () => (await clicksOn(page)).length > 0);
      expect(await clicksOn(page)).toEqual([{ action, data }]);
      expect(page.url()).toBe(`${app.origin}/`);
      const again = await open(path);
      await again.evaluate('caches.keys()');
      expect(await clicksOn(again)).toEqual([]);
    });
  });
});
