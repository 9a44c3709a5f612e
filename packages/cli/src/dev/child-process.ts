import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { logChild } from './child-log.ts';

const STOP_WITHIN_MS = 10_000;

export interface ChildSpec {
  name: string;
  script: string;
  env: Readonly<Record<string, string>>;
  logFile: string;
  complain(text: string): void;
}

/** A process of ours. Disposing asks it to stop (SIGTERM) and kills it when it does not. */
export interface Child extends AsyncDisposable {
  /** Resolves with how it ended, once all it said was read. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  lastLines(): readonly string[];
  kill(): void;
}

/** The whole group, which also holds what the process started; it may be gone already. */
const killGroup = (child: ChildProcess): void => {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
};

/**
 * Starts a script with this Node. In a process group of its own, so that a Ctrl-C at the terminal is ours to answer; with a channel
 * to us, whose end tells it that we died.
 */
const startChild = ({ script, env, logFile, complain }: ChildSpec): Child => {
  const child = spawn(process.execPath, [script], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  }) as ChildProcessByStdio<null, Readable, Readable>;
  const log = logChild(child, { file: logFile, complain });
  let isOver = false;
  const ended = once(child, 'close').then(([code, signal]) => {
    isOver = true;
    log[Symbol.dispose]();
    return signal === null ? `with exit code ${code}` : `by ${signal}`;
  });
  return {
    ended,
    hasEnded: () => isOver,
    lastLines: log.lastLines,
    kill: () => killGroup(child),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      const killer = setTimeout(() => killGroup(child), STOP_WITHIN_MS);
      await ended;
      clearTimeout(killer);
    },
  };
};

export type StartChild = (spec: ChildSpec) => Child;

/** Starts processes that are killed with ours, should we exit without having stopped them. */
export const createChildStarter = (): { startChild: StartChild } & Disposable => {
  const alive = new Set<Child>();
  const killAll = (): void => {
    for (const child of alive) child.kill();
  };
  process.on('exit', killAll);
  return {
    startChild: (spec) => {
      const child = startChild(spec);
      alive.add(child);
      void child.ended.then(() => alive.delete(child));
      return child;
    },
    [Symbol.dispose]: () => void process.off('exit', killAll),
  };
};

/** Why a process that ended too early did so, with what it said last. */
export const earlyEnd = (name: string, how: string, child: Child): Error => {
  const lines = child.lastLines().map((line) => `  ${line}`);
  return new Error([`${name} ended ${how}. ${lines.length === 0 ? 'It said nothing.' : 'It said last:'}`, ...lines].join('\n'));
};
