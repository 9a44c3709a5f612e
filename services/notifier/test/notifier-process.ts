import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface NotifierProcess extends AsyncDisposable {
  /** All it has written. */
  output(): string;
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>;
}

const isOver = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** A notifier as a process of its own, with exactly these settings. */
export const startNotifierProcess = (settings: Readonly<Record<string, string>>): NotifierProcess => {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
    env: settings,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const kill = async (): Promise<void> => {
    if (isOver(child)) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return { output: () => output, kill, [Symbol.asyncDispose]: kill };
};
