import { hasNote, keepNote } from './notes.ts';
import { type ReadPush, readPush, textsIn } from './read-push.ts';

declare const self: ServiceWorkerGlobalScope;

/** Longer than any push of a call may be on its way. */
const REMEMBERED_MS = 600_000;

const overNote = (callId: string): string => `over/${encodeURIComponent(callId)}`;

/** Nothing rings here for this call any more, whatever push of it is still on its way. */
export const rememberOver = (callId: string): Promise<void> => keepNote(overNote(callId), true, REMEMBERED_MS);

const shownAt = (tag: string): Promise<Notification[]> => self.registration.getNotifications({ tag });

const isRing = ({ data }: Notification): boolean => textsIn(data)['type'] === 'incoming_call';

const isExpired = (data: ReadPush['data']): boolean => Number(data['expiresAt'] ?? Number.POSITIVE_INFINITY) <= Date.now();

/** Takes away what rings past its time. */
export const closeExpiredRings = async (): Promise<void> => {
  for (const notification of await self.registration.getNotifications())
    if (isRing(notification) && isExpired(textsIn(notification.data))) notification.close();
};

const show = ({ title, options }: ReadPush): Promise<void> => self.registration.showNotification(title, options);

const showRing = async (push: ReadPush): Promise<void> => {
  const { callId = '', expiresAt } = push.data;
  if (isExpired(push.data) || (await hasNote(overNote(callId)))) return;
  // The server rings a second time where no device has said that it rings: that is to be heard.
  await show({ ...push, options: { ...push.options, renotify: push.options.tag !== undefined } });
  // For as long as this worker lives; a browser that ended it hears of the end by the push of the stop.
  if (expiresAt !== undefined) setTimeout(closeExpiredRings, Number(expiresAt) - Date.now());
};

/** Takes the place of what is shown without a sound, since browsers count pushes that show nothing; and goes. */
const replaceAndClose = async (push: ReadPush): Promise<void> => {
  const { tag } = push.options;
  if (tag === undefined) return;
  await show({ ...push, options: { ...push.options, silent: true, requireInteraction: false } });
  for (const notification of await shownAt(tag)) notification.close();
};

const stopRing = async (push: ReadPush): Promise<void> => {
  await rememberOver(push.data['callId'] ?? '');
  const shown = await shownAt(push.options.tag ?? '');
  // That a call was missed may be told before its stop, and stays.
  if (!shown.some(({ data }) => textsIn(data)['type'] === 'missed_call')) await replaceAndClose(push);
};

const showMissed = async (push: ReadPush): Promise<void> => {
  await rememberOver(push.data['callId'] ?? '');
  await show(push);
};

const SHOWN: ReadonlyMap<string, (push: ReadPush) => Promise<void>> = new Map([
  ['incoming_call', showRing],
  ['call_cancelled', stopRing],
  ['missed_call', showMissed],
  ['chat_read', replaceAndClose],
]);

/** Shows what a push says, or takes away what it ends. What is no push of ours shows nothing. */
export const showPush = async (text: string): Promise<void> => {
  await closeExpiredRings();
  const push = readPush(text);
  if (push !== null) await (SHOWN.get(push.data['type'] ?? '') ?? show)(push);
};
