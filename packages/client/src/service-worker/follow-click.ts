import { declineCall, type Rest } from './decline-call.ts';
import { pathFor } from './destinations.ts';
import { HEARS_CLICKS, type NotificationClick, urlWithClick } from './notification-click.ts';
import { textsIn } from './read-push.ts';
import { rememberOver } from './show-push.ts';

declare const self: ServiceWorkerGlobalScope;

export interface FollowOptions extends Rest {
  readonly urlFor: ((click: NotificationClick) => string) | undefined;
}

const ABOUT_CALLS: ReadonlySet<string> = new Set(['incoming_call', 'missed_call']);

/** A page that was left in the background may take a moment; browsers let a worker open a window for a few seconds after a click. */
const ANSWERS_WITHIN_MS = 1000;

const isAboutCall = ({ data }: NotificationClick): boolean => ABOUT_CALLS.has(data['type'] ?? '');

/** The way to a page that says that it hears of clicks; null where it does not say so. */
const wayTo = (window: WindowClient): Promise<MessagePort | null> => {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => resolve(port1);
    setTimeout(() => resolve(null), ANSWERS_WITHIN_MS);
    window.postMessage({ type: HEARS_CLICKS }, [port2]);
  });
};

const rank = (window: WindowClient, url: URL): number => {
  if (new URL(window.url).pathname === url.pathname) return 0;
  if (window.focused) return 1;
  return window.visibilityState === 'visible' ? 2 : 3;
};

const openWindows = (): Promise<readonly WindowClient[]> => self.clients.matchAll({ type: 'window', includeUncontrolled: true });

/** The app's window that fits best takes the click and comes to the front; else a new one is opened. */
const openApp = async (click: NotificationClick, { urlFor = pathFor }: FollowOptions): Promise<void> => {
  const url = new URL(urlFor(click), self.registration.scope);
  const windows = await openWindows();
  const asked = windows.toSorted((one, other) => rank(one, url) - rank(other, url)).map((window) => ({ window, way: wayTo(window) }));
  for (const { window, way } of asked) {
    const port = await way;
    if (port === null) continue;
    port.postMessage(click);
    await window.focus();
    return;
  }
  await self.clients.openWindow(isAboutCall(click) ? await urlWithClick(url, click) : url);
};

/** What was done from here is told to every page, each of which may still ring: one of the same device does not hear of it from the server. */
const tellPages = async (click: NotificationClick): Promise<void> => {
  const ways = (await openWindows()).map(wayTo);
  for (const way of ways) (await way)?.postMessage(click);
};

/** Does what was clicked. A call is declined from here; it is answered in a page, which alone has a microphone. */
export const followClick = async (notification: Notification, action: string, options: FollowOptions): Promise<void> => {
  const click: NotificationClick = { action, data: textsIn(notification.data) };
  const { type, callId } = click.data;
  notification.close();
  if (type === 'incoming_call' && callId !== undefined) {
    await rememberOver(callId);
    if (action === 'decline' && (await declineCall(callId, options))) return tellPages(click);
  }
  await openApp(click, options);
};
