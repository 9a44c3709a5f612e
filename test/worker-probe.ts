import { type Browser, until } from '@trunkline/testing';
import type { BrowserContext, CDPSession, Page, Worker } from 'playwright-core';

/** A notification as it is shown. */
export interface ShownNotification {
  readonly title: string;
  readonly body: string;
  readonly tag: string;
  readonly icon: string;
  readonly badge: string;
  readonly requireInteraction: boolean;
  readonly data: Readonly<Record<string, string>>;
  readonly actions: readonly { readonly action: string; readonly title: string; readonly icon: string }[];
}

/** What the worker asked the browser for when something was clicked. */
export interface ClickResult {
  readonly opened: readonly string[];
  readonly focused: readonly string[];
}

export interface WorkerProbe {
  /** Resolves when the worker is done with it. */
  push(payload: unknown): Promise<void>;
  shown(): Promise<ShownNotification[]>;
  /** Resolves with what is shown when it is just these tags. */
  shows(...tags: string[]): Promise<ShownNotification[]>;
  click(tag: string, action?: string): Promise<ClickResult>;
  /** As a person who waves a notification away. */
  dismiss(tag: string): Promise<void>;
  closeAll(): Promise<void>;
  /** Errors that nobody caught. */
  readonly errors: readonly string[];
}

/** What is in the worker's global scope, as far as tests need it. */
interface WorkerScope {
  readonly registration: {
    getNotifications(filter?: { tag: string }): Promise<(ShownNotification & { close(): void })[]>;
    showNotification(...args: unknown[]): Promise<void>;
  };
  readonly clients: { openWindow(url: URL | string): Promise<unknown> };
  readonly WindowClient: { prototype: { focus(): Promise<unknown>; url: string } };
  readonly PushEvent: { prototype: { waitUntil(promise: Promise<unknown>): void } };
  readonly NotificationEvent: new (type: string, init: object) => Event;
  dispatchEvent(event: Event): boolean;
  /** What `watch` counts. */
  pushesDone: number;
  shownAt: number;
}

/** Counts the pushes that the worker is done with, and sees when it showed something. */
const watch = (): void => {
  const scope = globalThis as unknown as WorkerScope;
  Object.assign(scope, { pushesDone: 0, shownAt: Number.NEGATIVE_INFINITY });
  const { waitUntil } = scope.PushEvent.prototype;
  scope.PushEvent.prototype.waitUntil = function (promise) {
    waitUntil.call(this, promise);
    promise.catch(() => undefined).finally(() => (scope.pushesDone += 1));
  };
  const showNotification = scope.registration.showNotification.bind(scope.registration);
  scope.registration.showNotification = async (...args) => {
    await showNotification(...args);
    scope.shownAt = performance.now();
  };
};

const readShown = async (): Promise<ShownNotification[]> => {
  const { registration, shownAt } = globalThis as unknown as WorkerScope;
  // Chromium forgets a notification that is asked for before it is on the screen.
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, shownAt + 300 - performance.now())));
  const host = (url: string): string => (url === '' ? '' : new URL(url).pathname);
  return (await registration.getNotifications()).map(({ title, body, tag, icon, badge, requireInteraction, data, actions }) => ({
    title,
    body,
    tag,
    icon: host(icon),
    badge: host(badge),
    requireInteraction,
    data,
    actions: actions.map((one) => ({ action: one.action, title: one.title, icon: host(one.icon) })),
  }));
};

/**
 * DevTools can deliver a push, but click on nothing: the event is made here, and what only a real click lets a worker do,
 * to open and to focus windows, is written down.
 */
const dispatch = async ({ type, tag, action }: { type: string; tag: string; action: string }): Promise<ClickResult> => {
  const scope = globalThis as unknown as WorkerScope;
  const [notification] = await scope.registration.getNotifications({ tag });
  if (notification === undefined) throw new Error(`nothing is shown at ${tag}`);
  const result = { opened: [] as string[], focused: [] as string[] };
  const waited: Promise<unknown>[] = [];
  scope.clients.openWindow = async (url) => void result.opened.push(String(url));
  scope.WindowClient.prototype.focus = async function () {
    result.focused.push(this.url);
    return this;
  };
  const event = new scope.NotificationEvent(type, { notification, action });
  Object.defineProperty(event, 'waitUntil', { value: (promise: Promise<unknown>) => waited.push(promise) });
  scope.dispatchEvent(event);
  if (type === 'notificationclose') notification.close();
  await Promise.all(waited);
  return result;
};

const closeShown = async (): Promise<void> => {
  for (const notification of await (globalThis as unknown as WorkerScope).registration.getNotifications()) notification.close();
};

const register = async (profile: BrowserContext, page: Page): Promise<Worker> => {
  const started = profile.waitForEvent('serviceworker');
  await page.evaluate(`navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready).then(() => true)`);
  return started;
};

const registrationIdOn = async (devTools: CDPSession): Promise<string> => {
  let registrationId: string | undefined;
  devTools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    registrationId ??= registrations.find(({ isDeleted }) => !isDeleted)?.registrationId;
  });
  await devTools.send('ServiceWorker.enable');
  return until('DevTools names the registration', () => registrationId);
};

/** Registers `/sw.js` of that origin, whose notifications the person lets, and stands beside it. */
export const probeWorker = async ({ profile }: Browser, origin: string): Promise<WorkerProbe> => {
  await profile.grantPermissions(['notifications'], { origin });
  const page = await profile.newPage();
  await page.goto(`${origin}/empty.txt`);
  const worker = await register(profile, page);
  const devTools = await profile.newCDPSession(page);
  const errors: string[] = [];
  devTools.on('ServiceWorker.workerErrorReported', ({ errorMessage }) => errors.push(errorMessage.errorMessage));
  const registrationId = await registrationIdOn(devTools);
  // What stands beside the worker is to be none of the app's windows.
  await page.goto('about:blank');
  await worker.evaluate(watch);
  const pushesDone = () => worker.evaluate(() => (globalThis as unknown as WorkerScope).pushesDone);
  const shown = (): Promise<ShownNotification[]> => worker.evaluate(readShown);
  return {
    errors,
    push: async (payload) => {
      const data = typeof payload === 'string' ? payload : JSON.stringify(payload);
      const before = await pushesDone();
      await devTools.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data });
      await until('the worker is done with the push', async () => (await pushesDone()) > before);
    },
    shown,
    shows: (...tags) =>
      until(`[${tags}] is shown`, async () => {
        const all = await shown();
        const shownTags = all.map(({ tag }) => tag).toSorted();
        return JSON.stringify(shownTags) === JSON.stringify(tags.toSorted()) ? all : null;
      }),
    click: (tag, action = '') => worker.evaluate(dispatch, { type: 'notificationclick', tag, action }),
    dismiss: async (tag) => void (await worker.evaluate(dispatch, { type: 'notificationclose', tag, action: '' })),
    closeAll: () => worker.evaluate(closeShown),
  };
};
