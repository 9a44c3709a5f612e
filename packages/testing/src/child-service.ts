import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE } from '@trunkline/backing-services';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

/** A service as a process of its own, to be killed. */
export interface ChildService extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** All that it has written, over all its starts. */
  output(): string;
  /** `kill -9`; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code when the process is gone, null where a signal ended it. */
  stop(): Promise<number | null>;
  /** Starts it again on the same port; resolves when it is ready. */
  start(): Promise<void>;
}

export type ServiceName = 'call-service' | 'socket-gateway' | 'notifier';

const answers = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
};

const mainOf = (service: ServiceName): string => fileURLToPath(new URL(`../../../services/${service}/src/main.ts`, import.meta.url));

/** Runs a service's own `main.ts` with these settings and none of ours. Resolves when it is ready, or answers well at another path. */
export const startChildService = async (
  service: ServiceName,
  settings: Readonly<Record<string, string>>,
  readyAt = '/readyz',
): Promise<ChildService> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  let output = '';
  const read = (stream: Readable | null): void => {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  };

  const start = async (): Promise<void> => {
    child = spawn(process.execPath, [mainOf(service)], {
      env: { ...COMPILE_CACHE, ...settings, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    read(child.stdout);
    read(child.stderr);
    child.stderr?.pipe(process.stderr, { end: false });
    await until(`${service} is ready`, () => answers(`${url}${readyAt}`), 60_000);
  };
  const kill = async (): Promise<void> => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };

  const stop = async (): Promise<number | null> => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = (await gone) as [number | null];
    return code;
  };

  await start();
  return {
    url,
    get pid() {
      return child?.pid ?? -1;
    },
    output: () => output,
    kill,
    stop,
    start,
    [Symbol.asyncDispose]: kill,
  };
};
