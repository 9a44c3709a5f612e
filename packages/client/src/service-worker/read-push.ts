export interface NotificationAction {
  readonly action: string;
  readonly title: string;
  readonly icon?: string;
}

/** What `showNotification` takes; TypeScript's own list lacks some. */
export interface ShownOptions extends NotificationOptions {
  readonly actions?: readonly NotificationAction[];
  readonly renotify?: boolean;
}

/** A push as docs/push.md has it. */
export interface ReadPush {
  readonly title: string;
  readonly options: ShownOptions;
  readonly data: Readonly<Record<string, string>>;
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The texts of an object; nothing of what is none. */
export const textsIn = (value: unknown): Record<string, string> =>
  isObject(value)
    ? Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
    : {};

const actionsIn = (value: unknown): NotificationAction[] =>
  (Array.isArray(value) ? value : []).flatMap((one) => {
    const { action, title, icon } = textsIn(one);
    return action === undefined || title === undefined ? [] : [{ action, title, ...(icon === undefined ? {} : { icon }) }];
  });

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** Null: it is no push of ours, nor shaped like one. Never throws. */
export const readPush = (text: string): ReadPush | null => {
  const given = parse(text);
  const { title, body, icon, badge, tag } = textsIn(given);
  if (!isObject(given) || title === undefined || title === '') return null;
  const data = textsIn(given['data']);
  const texts = Object.entries({ body, icon, badge, tag }).filter(([, value]) => value !== undefined);
  const requireInteraction = given['requireInteraction'] === true;
  return { title, data, options: { ...Object.fromEntries(texts), data, actions: actionsIn(given['actions']), requireInteraction } };
};
