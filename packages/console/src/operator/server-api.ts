import { signal } from '@preact/signals';
import { devDoor } from '../shell/dev-door.ts';

const KEPT_AS = 'trunkline-server-key';

const kept = (): string | null => {
  try {
    return sessionStorage.getItem(KEPT_AS);
  } catch {
    return null;
  }
};

const given = signal<string | null>(kept());
/** The key that was given last did not count. */
export const isKeyRefused = signal(false);

/** The key that was entered, kept for as long as this tab; in development, the one that everybody knows. */
export const serverKey = (): string | null => given.value ?? devDoor.value?.serverKey ?? null;

export const enterKey = (key: string): void => {
  given.value = key;
  isKeyRefused.value = false;
  try {
    sessionStorage.setItem(KEPT_AS, key);
  } catch {
    // It then lasts as long as the page.
  }
};

const refuseKey = (): void => {
  given.value = null;
  isKeyRefused.value = true;
  try {
    sessionStorage.removeItem(KEPT_AS);
  } catch {
    // It was not kept.
  }
};

class ServerError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const messageIn = async (response: Response): Promise<string> => {
  try {
    return ((await response.json()) as { error: { message: string } }).error.message;
  } catch {
    return response.statusText;
  }
};

type Query = Readonly<Record<string, string | number | undefined>>;

const withQuery = (path: string, query: Query): string => {
  const said = Object.entries(query).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, String(value)]]));
  return said.length === 0 ? path : `${path}?${new URLSearchParams(said)}`;
};

const request = async <Answer>(method: 'GET' | 'POST', path: string): Promise<Answer> => {
  const key = serverKey();
  const response = await fetch(`/v1/server${path}`, { method, headers: { authorization: `Bearer ${key}` } });
  // A key that does not count is asked for again, unless another was given meanwhile.
  if (response.status === 401 && key === serverKey()) refuseKey();
  if (!response.ok) throw new ServerError(response.status, await messageIn(response));
  return (await response.json()) as Answer;
};

/** Asks the server API. @throws ServerError, TypeError where no server answers */
export const read = <Answer>(path: string, query: Query = {}): Promise<Answer> => request('GET', withQuery(path, query));

/** Has something done. @throws as `read` */
export const act = <Answer>(path: string): Promise<Answer> => request('POST', path);

export const inPath = (part: string): string => encodeURIComponent(part);
