import { keepNote, takeNote } from './notes.ts';

/** What a person did with a notification. */
export interface NotificationClick {
  /** The button, `accept`, `decline`, `call_back`, `reply`, `view_order`; empty: the notification itself. */
  readonly action: string;
  /** As docs/push.md has it, by its `type`. */
  readonly data: Readonly<Record<string, string>>;
}

/**
 * The `type` of the message by which a service worker asks a page whether it hears of clicks. The page answers on the port
 * that comes with it, and gets the click there if it is the one that is chosen.
 */
export const HEARS_CLICKS = 'trunkline:hears-clicks';

const PARAMETER = 'trunkline-click';
const OPENS_WITHIN_MS = 120_000;

/**
 * The address that tells the page which it opens of a click, once. The click itself stays in this browser: a link that
 * somebody else made must not answer a call.
 */
export const urlWithClick = async (url: URL, click: NotificationClick): Promise<URL> => {
  const id = crypto.randomUUID();
  await keepNote(`click/${id}`, click, OPENS_WITHIN_MS);
  const opened = new URL(url);
  opened.searchParams.set(PARAMETER, id);
  return opened;
};

/** The click that this address was opened for, and the address without it; null where there was none. */
export const takeClick = async (url: URL): Promise<{ readonly click: NotificationClick; readonly rest: URL } | null> => {
  const id = url.searchParams.get(PARAMETER);
  const click = id === null ? null : await takeNote<NotificationClick>(`click/${id}`);
  if (click === null) return null;
  const rest = new URL(url);
  rest.searchParams.delete(PARAMETER);
  return { click, rest };
};
