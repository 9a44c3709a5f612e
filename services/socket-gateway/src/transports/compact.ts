// An idle connection is mostly what its libraries keep for it. This gives back the room that they keep for more of it.

interface EmitterInternals {
  _events: Readonly<Record<string, unknown>>;
}

/**
 * Keeps the listeners of one of Node's emitters in an object like any other. Node has them in one without a prototype, which V8 makes a
 * hash table of, three times as large. Those that come later find their place as ever. The lists in it stay as they are: Node marks each
 * that it is going through.
 */
export const compactEvents = (emitter: object): void => {
  const internals = emitter as EmitterInternals;
  internals._events = Object.setPrototypeOf({ ...internals._events }, null);
};

/** Replaces a list by one that has no room to spare: one that was added to has room for sixteen more. */
export const compactList = (holder: object, name: string): void => {
  const list: unknown = Reflect.get(holder, name);
  if (Array.isArray(list)) Reflect.set(holder, name, list.slice());
};
