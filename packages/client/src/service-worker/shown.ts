import { type ReadPush, textsIn } from './read-push.ts';

declare const self: ServiceWorkerGlobalScope;

/**
 * Chromium forgets a notification that is asked for before it is on the screen: it can be seen then, and no click on it
 * comes to anything. Seen within 100 ms of showing it.
 */
const ON_SCREEN_AFTER_MS = 300;

let isOnScreen: Promise<void> = Promise.resolve();

export const show = async ({ title, options }: ReadPush): Promise<void> => {
  await self.registration.showNotification(title, options);
  isOnScreen = new Promise((resolve) => setTimeout(resolve, ON_SCREEN_AFTER_MS));
};

/** Those with that tag, or all. */
const shown = async (filter?: GetNotificationOptions): Promise<Notification[]> => {
  await isOnScreen;
  return self.registration.getNotifications(filter);
};

export const closeAt = async (tag: string): Promise<void> => {
  for (const notification of await shown({ tag })) notification.close();
};

export const isExpired = (data: ReadPush['data']): boolean => Number(data['expiresAt'] ?? Number.POSITIVE_INFINITY) <= Date.now();

/** Takes away what rings past its time. */
export const closeExpiredRings = async (): Promise<void> => {
  for (const notification of await shown()) {
    const data = textsIn(notification.data);
    if (data['type'] === 'incoming_call' && isExpired(data)) notification.close();
  }
};
