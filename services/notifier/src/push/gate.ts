export interface Gate {
  /** Runs it when a place is free; what is urgent goes before what is not. */
  run<Result>(isUrgent: boolean, task: () => Promise<Result>): Promise<Result>;
}

/** At most so many at once. */
export const createGate = (places: number): Gate => {
  const urgent: (() => void)[] = [];
  const others: (() => void)[] = [];
  let free = places;

  const leave = (): void => {
    const next = urgent.shift() ?? others.shift();
    if (next === undefined) free += 1;
    else next();
  };
  const enter = (isUrgent: boolean): Promise<void> => {
    if (free > 0) {
      free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => (isUrgent ? urgent : others).push(resolve));
  };

  return {
    run: async (isUrgent, task) => {
      await enter(isUrgent);
      try {
        return await task();
      } finally {
        leave();
      }
    },
  };
};
