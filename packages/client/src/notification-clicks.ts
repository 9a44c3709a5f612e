import type { IncomingCall } from './call.ts';
import type { Client } from './client.ts';
import { HEARS_CLICKS, type NotificationClick, takeClick } from './service-worker/notification-click.ts';

type Asked = MessageEvent<{ readonly type?: unknown } | null>;

/** The click that opened this page, once. */
const openingClick = async (): Promise<NotificationClick | null> => {
  const taken = await takeClick(new URL(location.href));
  if (taken === null) return null;
  history.replaceState(history.state, '', taken.rest);
  return taken.click;
};

/**
 * Hears of clicks on notifications that the service worker passes on: the one that opened this page, and those while it is
 * open. What comes back ends that.
 */
export const onNotificationClick = (listener: (click: NotificationClick) => void): (() => void) => {
  // Browsers keep service workers, and all that goes with them, from pages that came over plain HTTP.
  if (!('serviceWorker' in navigator)) return () => undefined;
  const hear = ({ data, ports: [port] }: Asked): void => {
    if (data?.type !== HEARS_CLICKS || port === undefined) return;
    port.onmessage = (told: MessageEvent<NotificationClick>) => listener(told.data);
    port.postMessage('yes');
  };
  navigator.serviceWorker.addEventListener('message', hear);
  navigator.serviceWorker.startMessages();
  void openingClick().then((click) => (click === null ? undefined : listener(click)));
  return () => navigator.serviceWorker.removeEventListener('message', hear);
};

const closeNotificationOf = async (callId: string): Promise<void> => {
  const registration = 'serviceWorker' in navigator ? await navigator.serviceWorker.getRegistration() : undefined;
  for (const notification of (await registration?.getNotifications({ tag: `call-${callId}` })) ?? []) notification.close();
};

const DECIDED = { accept: (call: IncomingCall) => call.accept(), decline: (call: IncomingCall) => call.reject() } as const;

/** Longer than any ring. */
const RINGS_WITHIN_MS = 120_000;

/** Decides a call now, or as soon as this client learns that it rings. One that is over never does. */
const decide = (client: Client, callId: string, decision: (call: IncomingCall) => Promise<unknown>): void => {
  // What it came to, the call's own events tell.
  const act = (call: IncomingCall): void => void decision(call).catch(() => undefined);
  const held = client.calls.find(({ id }) => id === callId);
  if (held !== undefined) return held.direction === 'incoming' ? act(held) : undefined;
  const stopListening = client.on('incoming', ({ call }) => {
    if (call.id !== callId) return;
    stopListening();
    act(call);
  });
  setTimeout(stopListening, RINGS_WITHIN_MS);
};

/**
 * Answers and declines calls as it was clicked on their notifications, and takes the notification of a call away that stops
 * ringing here. All other clicks go to `others`. What comes back ends that.
 */
export const answerNotifications = (client: Client, others: (click: NotificationClick) => void = () => undefined): (() => void) => {
  const stopped = client.on('stopped', ({ call }) => void closeNotificationOf(call.id));
  const clicks = onNotificationClick((click) => {
    const { action, data } = click;
    const { type, callId } = data;
    if (type === 'incoming_call' && callId !== undefined && (action === 'accept' || action === 'decline'))
      decide(client, callId, DECIDED[action]);
    else others(click);
  });
  return () => {
    stopped();
    clicks();
  };
};
