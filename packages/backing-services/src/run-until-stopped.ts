const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** A Ctrl-C can arrive twice at once, from the terminal and through the package manager; a person takes longer. */
export const ONE_PRESS_MS = 700;

/** For whom nobody stops. */
export const NEVER: AbortSignal = new AbortController().signal;

/** Resolves with the signal's reason, an exit code, when it is aborted. */
export const interruption = (signal: AbortSignal): Promise<number> =>
  new Promise((resolve) => {
    const end = (): void => resolve(signal.reason as number);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });

/**
 * Runs a command that starts servers, and exits with the code that it resolves with. SIGINT and SIGTERM abort its signal, with the exit
 * code that shells give them for a reason: it MUST resolve then, once its servers have ended.
 */
export const runUntilStopped = async (run: (print: (line: string) => void, signal: AbortSignal) => Promise<number>): Promise<never> => {
  const { stdout } = process;
  const print = (line: string): void => void stdout.write(`${line}\n`);
  // Whoever read it may be gone; the servers are ended all the same.
  stdout.on('error', () => undefined);
  const stopping = new AbortController();
  let firstAt = 0;
  for (const [name, code] of Object.entries(EXIT_CODES)) {
    process.on(name, () => {
      if (stopping.signal.aborted) {
        // Asked twice, it goes at once: servers that lose their parent end by themselves.
        if (performance.now() - firstAt > ONE_PRESS_MS) process.exit(code);
        return;
      }
      firstAt = performance.now();
      print('ending the servers');
      stopping.abort(code);
    });
  }
  // Left to end by itself, Node may wait for ever, busily, for a request on a socket whose other end was killed (`CleanupHandles`).
  process.exit(await run(print, stopping.signal));
};
