import { ConfigError } from './config.ts';

const STOP_DEADLINE_MS = 25_000;

/** How long a line of the log that is still being written has when all is stopped. */
const LAST_WRITES_MS = 100;

/**
 * Node's exit waits for its threads, some of which may never end: https://github.com/nodejs/node/issues/54918. Who sent a signal sees
 * that and kills; of a process that was left alone nobody does, so that one kills itself.
 */
const killSelf = (): void => void process.kill(process.pid, 'SIGKILL');

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
  if (process.connected === false) killSelf();
  process.once('disconnect', killSelf);
  const service = await start(config);
  let isAlone = false;
  /** What the log still writes has a moment, by a timer: `Atomics.wait` with a time to wait was seen to wait for ever. */
  const end = (code: number): void => {
    if (isAlone) setTimeout(killSelf, LAST_WRITES_MS);
    else process.exit(code);
  };
  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => end(1), STOP_DEADLINE_MS).unref();
    await service[Symbol.asyncDispose]();
    end(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
  process.off('disconnect', killSelf).once('disconnect', () => {
    isAlone = true;
    process.once('exit', killSelf);
    void stop();
  });
};
