import { ConfigError } from './config.ts';

const STOP_DEADLINE_MS = 25_000;

/** How long a line of the log that is still being written has when all is stopped. */
const LAST_WRITES_MS = 100;

const exitWithin = (milliseconds: number): void => {
  setTimeout(() => process.exit(1), milliseconds).unref();
};

/**
 * Node's exit waits for its threads, some of which may never end: https://github.com/nodejs/node/issues/54918. Who sent a signal sees
 * that and kills; of a process that was left alone nobody does, so that one kills itself.
 */
const makeExitCertain = (): void => {
  process.once('exit', () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_WRITES_MS);
    process.kill(process.pid, 'SIGKILL');
  });
};

export interface ServiceProcess<Config> {
  argv: readonly string[];
  loadConfig(): Config;
  start(config: Config): Promise<AsyncDisposable>;
}

/**
 * Runs a service as a process: `--check-config` validates and exits, SIGTERM and SIGINT stop it within a deadline, and so does the end
 * of the process that started it, where that left it a channel.
 * Exits with 2 for a configuration that does not hold, with 1 when the start or the stop fails, by SIGKILL when it was left alone.
 */
export const runService = async <Config>({ argv, loadConfig, start }: ServiceProcess<Config>): Promise<void> => {
  let config: Config;
  try {
    config = loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
  if (argv.includes('--check-config')) {
    process.stdout.write('The configuration holds.\n');
    return;
  }
  const giveUp = (): void => {
    makeExitCertain();
    process.exit(1);
  };
  if (process.connected === false) giveUp();
  process.once('disconnect', giveUp);
  const service = await start(config);
  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    exitWithin(STOP_DEADLINE_MS);
    await service[Symbol.asyncDispose]();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
  process.off('disconnect', giveUp).once('disconnect', () => {
    makeExitCertain();
    void stop();
  });
};
