import { declineCall, type Rest } from './decline-call.ts';
import { pathFor } from './destinations.ts';
import { CLICK_MESSAGE, type NotificationClick, urlWithClick } from './notification-click.ts';
import { textsIn } from './read-push.ts';
import { rememberOver } from './show-push.ts';

declare const self: ServiceWorkerGlobalScope;

export interface FollowOptions extends Rest {
  readonly urlFor: ((click: NotificationClick) => string) | undefined;
}

const ABOUT_CALLS: ReadonlySet<string> = new Set(['incoming_call', 'missed_call']);

/** A page that hears of clicks says so at once; one that was left in the background may take a moment. */
const ANSWERS_WITHIN_MS = 500;
const MAX_ASKED = 4;

const isAboutCall = ({ data }: NotificationClick): boolean => ABOUT_CALLS.has(data['type'] ?? '');

/** Resolves with whether the page took it. */
const tell = (window: WindowClient, click: NotificationClick): Promise<boolean> => {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => resolve(true);
    setTimeout(() => resolve(false), ANSWERS_WITHIN_MS);
    window.postMessage({ type: CLICK_MESSAGE, click }, [port2]);
  });
};

const rank = (window: WindowClient, url: URL): number => {
  if (new URL(window.url).pathname === url.pathname) return 0;
  if (window.focused) return 1;
  return window.visibilityState === 'visible' ? 2 : 3;
};

/** The app's window that fits best takes the click and comes to the front; else a new one is opened. */
const openApp = async (click: NotificationClick, { urlFor = pathFor }: FollowOptions): Promise<void> => {
  const url = new URL(urlFor(click), self.registration.scope);
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  for (const window of windows.toSorted((a, b) => rank(a, url) - rank(b, url)).slice(0, MAX_ASKED)) {
    if (!(await tell(window, click))) continue;
    await window.focus();
    return;
  }
  await self.clients.openWindow(isAboutCall(click) ? await urlWithClick(url, click) : url);
};

/** Does what was clicked. A call is declined from here; it is answered in a page, which alone has a microphone. */
export const followClick = async (notification: Notification, action: string, options: FollowOptions): Promise<void> => {
  const click: NotificationClick = { action, data: textsIn(notification.data) };
  const { type, callId } = click.data;
  notification.close();
  if (type === 'incoming_call' && callId !== undefined) {
    await rememberOver(callId);
    if (action === 'decline' && (await declineCall(callId, options))) return;
  }
  await openApp(click, options);
};
