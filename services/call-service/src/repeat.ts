/**
 * Runs `work` every `milliseconds`, never twice at once; `atOnce`, now too. Disposing aborts `stopping`, and waits for what is under way:
 * what can take long heeds it.
 */
export const repeat = (
  milliseconds: number,
  work: (stopping: AbortSignal) => Promise<void>,
  onError: (error: unknown) => void,
  { atOnce = false }: { atOnce?: boolean } = {},
): AsyncDisposable => {
  const stop = new AbortController();
  let running: Promise<void> | null = null;
  const run = (): void => {
    running ??= work(stop.signal)
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
      stop.abort();
      await running;
    },
  };
};
