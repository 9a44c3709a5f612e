/** Runs tasks one after another, in order, whatever becomes of each: a stop and its ring may come in the same moment. */
export const oneAtATime = (): (<Result>(task: () => Promise<Result>) => Promise<Result>) => {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const done = last.then(task);
    last = done.catch(() => undefined);
    return done;
  };
};
