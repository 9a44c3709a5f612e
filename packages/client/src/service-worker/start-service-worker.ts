import { followClick } from './follow-click.ts';
import type { NotificationClick } from './notification-click.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { textsIn } from './read-push.ts';
import { rememberOver, showPush } from './show-push.ts';
import { closeExpiredRings } from './shown.ts';

declare const self: ServiceWorkerGlobalScope;

export interface ServiceWorkerOptions {
  /** Where REST is; the page's own host where it is left out. */
  readonly url?: string;
  /**
   * Gives a token of the signed-in user, or null, to decline calls without a page: best asked of the app's own backend,
   * whose session cookie goes with `fetch`. No token is kept. Without it, declining opens the app.
   */
  readonly getToken?: () => Promise<string | null>;
  /** Where a click leads, on the page's own host; the paths of docs/push.md where it is left out. */
  readonly urlFor?: (click: NotificationClick) => string;
}

/** Shows pushes, and follows clicks on them. To be called once, when the service worker's script is run. */
export const startServiceWorker = ({ url = self.location.origin, getToken, urlFor }: ServiceWorkerOptions = {}): void => {
  const inTurn = oneAtATime();
  self.addEventListener('push', (event) => {
    const text = event.data?.text() ?? '';
    event.waitUntil(inTurn(() => showPush(text)));
  });
  self.addEventListener('notificationclick', (event) => {
    event.waitUntil(followClick(event.notification, event.action, { url, getToken, urlFor }).then(closeExpiredRings));
  });
  self.addEventListener('notificationclose', (event) => {
    const { type, callId } = textsIn(event.notification.data);
    // Waved away is not declined, but it is not to ring here again.
    if (type === 'incoming_call' && callId !== undefined) event.waitUntil(rememberOver(callId));
  });
};
