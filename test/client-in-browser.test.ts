import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@trunkline/client';
import { type Browser, hasBrowser, launchBrowser, mintToken, until } from '@trunkline/testing';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { clientPhone } from './client-phones.ts';
import { type PushSystem, startPushSystem } from './push-system.ts';
import { ROOT } from './repository-root.ts';
import { bundle, startWebApp, type WebApp } from './web-app.ts';
import { probeWorker, type WorkerProbe } from './worker-probe.ts';

const PAGE = readFileSync(join(ROOT, 'docs/push.md'), 'utf8');
const [, WORKER = '', APP = ''] = /```js\n(.*?)```.*?```js\n(.*?)```/s.exec(PAGE.slice(PAGE.indexOf('### A service worker'))) ?? [];
const BUTTON = '#let-me-be-called';
const TOKEN_PATH = '/my-backend/trunkline-token';

interface PushManagerScope {
  PushManager: { prototype: { subscribe(): Promise<object>; getSubscription(): Promise<object | null> } };
}

/** The browser's own push service is out of reach here. This one holds a subscription for another key, as after a change of keys. */
const standInForPushService = (subscription: object): void => {
  const { prototype } = (globalThis as unknown as PushManagerScope).PushManager;
  const unsubscribe = async (): Promise<void> => {
    former = null;
  };
  let former: object | null = { unsubscribe };
  prototype.getSubscription = async () => former;
  prototype.subscribe = async () => {
    if (former !== null) throw new DOMException('there is one for another key', 'InvalidStateError');
    return { toJSON: () => ({ ...subscription, expirationTime: null }) };
  };
};

/** What the app of the documentation has in its page. */
interface AppScope {
  readonly client: Client;
}

describe.runIf(await hasBrowser())('the client library in a browser', { timeout: 60_000 }, () => {
  let app: WebApp;
  let world: PushSystem;
  let browser: Browser;

  beforeAll(async () => {
    app = await startWebApp();
    world = await startPushSystem({ settings: { ALLOWED_ORIGINS: app.origin } });
    browser = await launchBrowser();
    const { gateways, callServices } = world.system;
    const rest = JSON.stringify(callServices[0]?.url);
    const urls = `url: ${JSON.stringify(gateways.map(({ url }) => url))}, restUrl: ${rest}`;
    app.serve({
      '': `<!doctype html><title>App</title><button id="${BUTTON.slice(1)}">Let me be called</button><script type="module" src="/page.js"></script>`,
      '/empty.txt': '',
      '/sw.js': await bundle(WORKER.replace('{ getToken', `{ url: ${rest}, getToken`)),
      '/page.js': await bundle(`${APP.replace('url: location.origin', urls)}\nglobalThis.client = client;`),
    });
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
  });

  const isConnected = (page: Page): Promise<unknown> =>
    until('the page is connected', () =>
      page.evaluate(() => (globalThis as unknown as Partial<AppScope>).client?.connection.status === 'connected'),
    );

  /** A page of the app, in which that user is signed in. */
  const open = async (profile: BrowserContext, userId: string, path = '/'): Promise<Page> => {
    app.serve({ [TOKEN_PATH]: await mintToken(userId, { deviceId: 'browser' }) });
    const page = await profile.newPage();
    await page.goto(`${app.origin}${path}`);
    await isConnected(page);
    return page;
  };

  const statesIn = (page: Page): Promise<string[]> =>
    page.evaluate(() => (globalThis as unknown as AppScope).client.calls.map(({ state }) => state));

  afterEach(async () => {
    for (const page of browser.profile.pages()) if (page.url() !== 'about:blank') await page.close();
  });

  it('two pages in two profiles call each other, and chat', async () => {
    const [ann, ben] = [`ann-${randomUUID()}`, `ben-${randomUUID()}`];
    const other = await browser.newProfile();
    const [caller, callee] = [await open(browser.profile, ann), await open(other, ben)];
    await callee.evaluate(() => {
      const { client } = globalThis as unknown as AppScope;
      client.on('incoming', ({ call }) => void call.accept());
    });
    const reached = await caller.evaluate(async (calleeId) => {
      const call = (globalThis as unknown as AppScope).client.place(calleeId, { callType: 'VIDEO' });
      await Promise.race([new Promise((resolve) => call.once('accepted', resolve)), call.finished]);
      await call.connected();
      return call.state;
    }, ben);
    expect(reached).toBe('ACTIVE');
    const ended = await callee.evaluate(async () => (globalThis as unknown as AppScope).client.calls[0]?.end());
    expect(ended).toMatchObject({ state: 'ENDED', endedBy: ben });
    await until('the caller knows', async () => (await statesIn(caller)).length === 0);

    const chatId = await caller.evaluate(
      async ([userId, shopperId]) => {
        const { chats } = (globalThis as unknown as AppScope).client.chat;
        return (await chats.create({ orderId: 'order-1', userId, shopperId })).id;
      },
      [ann, ben] as const,
    );
    const hearing = await callee.evaluateHandle(async (id) => {
      const { chat } = (globalThis as unknown as AppScope).client;
      await chat.join(id);
      return { message: new Promise((resolve) => chat.once('message', resolve)) };
    }, chatId);
    const said = await caller.evaluate((id) => (globalThis as unknown as AppScope).client.chat.send(id, { content: 'Hello!' }), chatId);
    expect(await hearing.evaluate(({ message }) => message)).toEqual(said);
    await other.close();
  });

  it('knows when its user does not want to be called', async () => {
    const other = await browser.newProfile();
    const page = await open(other, `carol-${randomUUID()}`);
    const isEnabled = await page.evaluate(() => {
      const { client } = globalThis as unknown as AppScope;
      return client.push.enable({} as Parameters<Client['push']['enable']>[0]);
    });
    expect(isEnabled).toBe(false);
    await other.close();
  });

  describe('whose user let it be called', () => {
    const bob = `bob-${randomUUID()}`;
    let worker: WorkerProbe;
    let endpoint: string;

    beforeAll(async () => {
      worker = await probeWorker(browser, app.origin);
      const subscription = world.standIn.newSubscription();
      ({ endpoint } = subscription);
      const page = await open(browser.profile, bob);
      await page.evaluate(standInForPushService, subscription);
      await page.click(BUTTON);
      const targets = () => world.system.database.query('SELECT FROM push_targets WHERE user_id = $1 AND address = $2', [bob, endpoint]);
      await until('the browser is registered', async () => (await targets()).length === 1);
      await page.close();
    });
    afterEach(async () => {
      expect(worker.errors).toEqual([]);
      expect(await worker.shown()).toEqual([]);
    });

    /** Alice calls, and Bob's browser shows it. */
    const ring = async (alice: Client) => {
      const call = alice.place(bob);
      await worker.push(await pushed('incoming_call', call.id));
      await worker.shows(`call-${call.id}`);
      return call;
    };
    const pushed = (type: string, callId: string): Promise<unknown> =>
      until(`${type} arrives`, () =>
        world.standIn
          .received()
          .flatMap((push) =>
            push.provider === 'web_push' && push.target === endpoint ? [push.payload as { data: Record<string, string> }] : [],
          )
          .find(({ data }) => data['type'] === type && data['callId'] === callId),
      );
    const withAlice = async (use: (alice: Client) => Promise<void>): Promise<void> => {
      using alice = await clientPhone(world.system, [0], `alice-${randomUUID()}`);
      await alice.connected();
      await use(alice.client);
    };

    it('a call is declined on its notification with no page open', () =>
      withAlice(async (alice) => {
        const call = await ring(alice);
        expect(await worker.click(`call-${call.id}`, 'decline')).toEqual({ opened: [], focused: [] });
        expect(await call.finished).toMatchObject({ state: 'REJECTED', event: 'rejected' });
      }));

    it('a call that is declined on its notification rings in no page any more', () =>
      withAlice(async (alice) => {
        const page = await open(browser.profile, bob);
        const call = await ring(alice);
        await until('the page rings', async () => (await statesIn(page)).includes('RINGING'));
        expect(await worker.click(`call-${call.id}`, 'decline')).toEqual({ opened: [], focused: [] });
        expect(await call.finished).toMatchObject({ state: 'REJECTED' });
        await until('the page rings no more', async () => (await statesIn(page)).length === 0);
        await page.close();
      }));

    it('a call is answered in the page that its notification opens', () =>
      withAlice(async (alice) => {
        const call = await ring(alice);
        const { opened } = await worker.click(`call-${call.id}`, 'accept');
        const page = await open(browser.profile, bob, opened[0]?.slice(app.origin.length));
        await until('the caller hears it', () => call.state === 'CONNECTING');
        expect(await statesIn(page)).toEqual(['CONNECTING']);
        await call.end();
      }));

    it('a call is answered in the page that is open, by its notification', () =>
      withAlice(async (alice) => {
        const page = await open(browser.profile, bob);
        const call = await ring(alice);
        expect(await worker.click(`call-${call.id}`, 'accept')).toEqual({ opened: [], focused: [page.url()] });
        await until('the caller hears it', () => call.state === 'CONNECTING');
        await call.end();
      }));

    it('a call that is answered in the page has no notification any more', () =>
      withAlice(async (alice) => {
        const page = await open(browser.profile, bob);
        const call = await ring(alice);
        await page.evaluate(() => {
          const [incoming] = (globalThis as unknown as AppScope).client.calls;
          return incoming?.direction === 'incoming' ? incoming.accept() : undefined;
        });
        await until('the caller hears it', () => call.state === 'CONNECTING');
        await worker.shows();
        await call.end();
      }));

    it('a call that its caller gives up stops ringing', () =>
      withAlice(async (alice) => {
        const call = await ring(alice);
        await call.cancel();
        await worker.push(await pushed('call_cancelled', call.id));
        await worker.shows();
      }));

    it('a call is declined in a page where the worker has no token that is taken', () =>
      withAlice(async (alice) => {
        const call = await ring(alice);
        app.serve({ [TOKEN_PATH]: 'signed out' });
        const { opened } = await worker.click(`call-${call.id}`, 'decline');
        await open(browser.profile, bob, opened[0]?.slice(app.origin.length));
        expect(await call.finished).toMatchObject({ state: 'REJECTED' });
      }));
  });
});
