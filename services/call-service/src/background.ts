/** Work that no request waits for: only the stop does. */
export interface Background {
  /** Aborted once this process is to leave: whoever pauses goes on at once, and tries no further. */
  readonly stopping: AbortSignal;
  /** `work` says itself what it could not do. MUST NOT reject. */
  run(work: Promise<void>): void;
  /** Ends all pauses, and resolves when nothing is under way. */
  finish(): Promise<void>;
}

export const createBackground = (): Background => {
  const stop = new AbortController();
  const underWay = new Set<Promise<void>>();
  return {
    stopping: stop.signal,
    run: (work) => {
      underWay.add(work);
      void work.finally(() => underWay.delete(work));
    },
    finish: async () => {
      stop.abort();
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
};
