import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import type { Account } from './account.ts';
import { pollUntil } from './poll-until.ts';
import { stopWithParent } from './stop-with-parent.ts';

const START_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 10_000;
const LOG_LINES_SHOWN = 15;

export interface ServerProgram {
  /** As people call it. */
  name: string;
  program: string;
  args: readonly string[];
  account: Account | null;
  logFile: string;
  /** Asks for a prompt stop that loses nothing. */
  stopSignal: NodeJS.Signals;
  /** Removed with the process when we are not there to do it. */
  temporaryFolder: string | null;
  /** MUST recognise the very process, not any server at its port. */
  isReady(pid: number): Promise<boolean>;
}

export interface ServerProcess extends AsyncDisposable {
  readonly pid: number;
}

export class ServerStartError extends Error {
  readonly portTaken: boolean;

  constructor(name: string, log: string) {
    super(`${name} did not start. It said:\n${log.trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n')}`);
    this.name = 'ServerStartError';
    this.portTaken = /address already in use/i.test(log);
  }
}

const hasExited = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

const launch = async ({ program, args, account, logFile }: ServerProgram): Promise<ChildProcess & { pid: number }> => {
  await using log = await open(logFile, 'w', 0o600);
  // Its own process group: a Ctrl-C at the terminal is ours to answer, in our order.
  const child = spawn(program, args, {
    ...account,
    cwd: '/',
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: { LC_ALL: 'C', TZ: 'UTC' },
  });
  await once(child, 'spawn');
  return child as ChildProcess & { pid: number };
};

const stop = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  if (hasExited(child)) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await exited;
  clearTimeout(killer);
};

/** Resolves when the server answers; rejects with the last lines of its log when it does not. */
export const startServerProcess = async (server: ServerProgram): Promise<ServerProcess> => {
  const child = await launch(server);
  const { pid } = child;
  const watch = stopWithParent({ pid, signal: server.stopSignal, temporaryFolder: server.temporaryFolder });
  child.once('exit', () => watch[Symbol.dispose]());
  await pollUntil(async () => hasExited(child) || (await server.isReady(pid)), { withinMs: START_WITHIN_MS });
  const ready = !hasExited(child) && (await server.isReady(pid).catch(() => false));
  if (ready) return { pid, [Symbol.asyncDispose]: () => stop(child, server.stopSignal) };
  await stop(child, server.stopSignal);
  throw new ServerStartError(server.name, await readFile(server.logFile, 'utf8'));
};
