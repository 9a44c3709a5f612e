/** Runs `work` every `milliseconds`, never twice at once; `atOnce`, now too. Disposing waits for what is under way. */
export const repeat = (
  milliseconds: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
  { atOnce = false }: { atOnce?: boolean } = {},
): AsyncDisposable => {
  let running: Promise<void> | null = null;
  const run = (): void => {
    running ??= work()
      .catch(onError)
      .finally(() => {
        running = null;
      });
  };
  if (atOnce) run();
  const timer = setInterval(run, milliseconds);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running;
    },
  };
};
