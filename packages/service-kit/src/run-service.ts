import { ConfigError } from './config.ts';

const STOP_DEADLINE_MS = 25_000;

const exitWithin = (milliseconds: number): void => {
  setTimeout(() => process.exit(1), milliseconds).unref();
};

export interface ServiceProcess<Config> {
  argv: readonly string[];
  loadConfig(): Config;
  start(config: Config): Promise<AsyncDisposable>;
}

/**
 * Runs a service as a process: `--check-config` validates and exits, SIGTERM and SIGINT stop it within a deadline, and so does the end
 * of the process that started it, where that left it a channel.
 * Exits with 2 for a configuration that does not hold, with 1 when the start or the stop fails.
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
  const giveUp = (): void => process.exit(1);
  process.once('disconnect', giveUp);
  const service = await start(config);
  const stop = async (): Promise<void> => {
    exitWithin(STOP_DEADLINE_MS);
    await service[Symbol.asyncDispose]();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
  process.off('disconnect', giveUp).once('disconnect', () => void stop());
};
