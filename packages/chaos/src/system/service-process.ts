import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { COMPILE_CACHE } from '@trunkline/backing-services';
import { type ServiceName, until } from '@trunkline/testing';

const READY_WITHIN_MS = 60_000;
export const REPOSITORY = resolve(import.meta.dirname, '../../../..');
const STOP_WITHIN_MS = 30_000;
const ANSWER_WITHIN_MS = 5000;

export interface ServiceProcessOptions {
  service: ServiceName;
  /** As reports call it, and its log file. */
  name: string;
  port: number;
  settings: Readonly<Record<string, string>>;
  logFolder: string;
  /** Where the repository is of which it runs; one more for each start, in turn. By default this one. */
  checkouts?: readonly string[];
  /** Whether it can be asked what it holds: it then collects its garbage each time. */
  tellsItsMemory?: boolean;
}

/** A service that could not be started; its message has the last lines of its log. */
export class StartError extends Error {}

const LAST_LINES = 24;
const lastLinesOf = (file: string): string => readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LAST_LINES).join('\n');

export const mainIn = (checkout: string, service: ServiceName): string => join(checkout, 'services', service, 'src/main.ts');

/** A service's own `main.ts` as a process on a port of its own, to which everything may be done that happens to processes. */
export class ServiceProcess implements AsyncDisposable {
  readonly name: string;
  readonly service: ServiceName;
  readonly url: string;
  readonly #options: ServiceProcessOptions;
  #child: ChildProcess | null = null;
  #starts = 0;

  constructor(options: ServiceProcessOptions) {
    this.#options = options;
    this.name = options.name;
    this.service = options.service;
    this.url = `http://127.0.0.1:${options.port}`;
  }

  get pid(): number | null {
    return this.#isRunning() ? (this.#child?.pid ?? null) : null;
  }

  /** Starts it, where it does not run; resolves when it is ready. `clockOffMs`: how far its clock is wrong. @throws StartError where it ends before. */
  async start({ clockOffMs = 0 } = {}): Promise<void> {
    if (this.#isRunning()) return;
    const { service, port, settings, logFolder, checkouts = [REPOSITORY], tellsItsMemory = false } = this.#options;
    const main = mainIn(checkouts[this.#starts % checkouts.length] as string, service);
    this.#starts += 1;
    const logFile = `${logFolder}/${this.name}.log`;
    const log = openSync(logFile, 'a');
    const preload = [
      ...(clockOffMs === 0 ? [] : ['--import', new URL('./wrong-clock.ts', import.meta.url).href]),
      ...(tellsItsMemory ? ['--expose-gc', '--import', new URL('./tells-its-memory.ts', import.meta.url).href] : []),
    ];
    this.#child = spawn(process.execPath, [...preload, main], {
      env: {
        ...COMPILE_CACHE,
        ...settings,
        PORT: String(port),
        HOST: '127.0.0.1',
        CLOCK_OFF_MS: String(clockOffMs),
      },
      // The channel lets it stop when we are gone without a word.
      stdio: ['ignore', log, log, 'ipc'],
    });
    const isReady = async (): Promise<boolean> => {
      if (!this.#isRunning()) throw new StartError(`${main} ended before it was ready:\n${lastLinesOf(logFile)}`);
      return this.isReady();
    };
    await until(`${this.name} is ready`, isReady, READY_WITHIN_MS);
  }

  async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(1000) })).ok;
    } catch {
      return false;
    }
  }

  /** What it holds that is not garbage; null: it does not run, or does not answer. Only of one that tells its memory. */
  async liveBytes(): Promise<number | null> {
    if (this.#child === null || !this.#isRunning()) return null;
    const child = this.#child;
    const answered = once(child, 'message') as Promise<[{ liveBytes: number }]>;
    child.send('how much?');
    const answer = await Promise.race([answered, pause(ANSWER_WITHIN_MS, null, { ref: false })]);
    return answer === null ? null : answer[0].liveBytes;
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** As a rolling restart ends it; resolves when it has left by itself. */
  async terminate(): Promise<void> {
    const killer = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_WITHIN_MS);
    await this.#end('SIGTERM');
    clearTimeout(killer);
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.thaw();
    await this.terminate();
  }

  #isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child === null || !this.#isRunning()) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill(signal);
    await gone;
  }
}
