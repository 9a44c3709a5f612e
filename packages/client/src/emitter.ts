/** What can be listened to. */
export interface Listenable<Events extends object> {
  /** Calls `listener` for every event of that name; what comes back ends that. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void;
  /** The same, for the next event only. */
  once<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void;
}

type Listener = (event: never) => void;

/** A typed emitter. A listener that throws is reported as uncaught and keeps nobody else from hearing. */
export class Emitter<Events extends object> implements Listenable<Events> {
  readonly #listeners = new Map<keyof Events, Set<Listener>>();

  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    // A function of its own each time, so that the same listener can be added twice and removed once.
    const own: Listener = (event: Events[Name]) => listener(event);
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(own));
    return () => void listeners.delete(own);
  }

  once<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const off = this.on(name, (event) => {
      off();
      listener(event);
    });
    return off;
  }

  hasListeners(name: keyof Events): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(event as never);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
