// What has to outlive a service worker, which a browser ends whenever it likes. Page and worker share it.

interface Note {
  readonly value: unknown;
  /** Epoch milliseconds of this device. */
  readonly until: number;
}

const CACHE = 'trunkline-notes';

const keyOf = (name: string): string => `/trunkline-notes/${name}`;

const noteIn = async (response: Response | undefined): Promise<Note | null> => {
  const note = (await response?.json()) as Note | undefined;
  return note !== undefined && note.until > Date.now() ? note : null;
};

const forgetOld = async (cache: Cache): Promise<void> => {
  for (const key of await cache.keys()) if ((await noteIn(await cache.match(key))) === null) await cache.delete(key);
};

/** `name`: of characters that a path may have. */
export const keepNote = async (name: string, value: unknown, lifeMs: number): Promise<void> => {
  const cache = await caches.open(CACHE);
  await forgetOld(cache);
  await cache.put(keyOf(name), Response.json({ value, until: Date.now() + lifeMs } satisfies Note));
};

export const hasNote = async (name: string): Promise<boolean> => {
  const cache = await caches.open(CACHE);
  return (await noteIn(await cache.match(keyOf(name)))) !== null;
};

/** The value, once; null where there is none, or no longer. */
export const takeNote = async <Value>(name: string): Promise<Value | null> => {
  const cache = await caches.open(CACHE);
  const note = await noteIn(await cache.match(keyOf(name)));
  return note !== null && (await cache.delete(keyOf(name))) ? (note.value as Value) : null;
};
