export interface Gate {
  /** Runs it when a place is free; what is urgent goes before what is not. */
  run<Result>(isUrgent: boolean, task: () => Promise<Result>): Promise<Result>;
}

/** At most so many at once, of which a tenth is kept for what is urgent. */
export const createGate = (places: number): Gate => {
  const kept = places > 1 ? Math.ceil(places / 10) : 0;
  const urgent: (() => void)[] = [];
  const others: (() => void)[] = [];
  let free = places;

  const admit = (): void => {
    while (free > 0) {
      const next = urgent.shift() ?? (free > kept ? others.shift() : undefined);
      if (next === undefined) return;
      free -= 1;
      next();
    }
  };

  return {
    run: async (isUrgent, task) => {
      await new Promise<void>((resolve) => {
        (isUrgent ? urgent : others).push(resolve);
        admit();
      });
      try {
        return await task();
      } finally {
        free += 1;
        admit();
      }
    },
  };
};
