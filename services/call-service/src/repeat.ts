/** Runs `work` every `milliseconds`, never twice at once. Disposing waits for what is under way. */
export const repeat = (milliseconds: number, work: () => Promise<void>, onError: (error: unknown) => void): AsyncDisposable => {
  let running: Promise<void> | null = null;
  const timer = setInterval(() => {
    running ??= work()
      .catch(onError)
      .finally(() => {
        running = null;
      });
  }, milliseconds);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running;
    },
  };
};
