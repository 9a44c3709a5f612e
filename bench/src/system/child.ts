import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@trunkline/backing-services';
import type { Stores } from './stores.ts';

const READY_WITHIN_MS = 90_000;
const STOP_WITHIN_MS = 10_000;
const ATTEMPTS = 3;
const LINES_KEPT = 12;

export interface ChildOptions {
  name: string;
  script: string;
  env: Readonly<Record<string, string>>;
  /** Whatever becomes of us, it MUST be killed with them at the latest. */
  stores: Stores;
  /** For Node itself, such as `--cpu-prof`. */
  nodeOptions?: readonly string[];
}

/** A server of its own process on a port of its own, asked to stop on dispose, and gone by itself should we die. */
export interface Child extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly hasEnded: boolean;
  /** How many lines it has printed. */
  readonly linesPrinted: number;
  /** The last lines that it printed. */
  readonly lastLines: readonly string[];
  /** Collects its garbage, so that what it holds can be read; resolves when that is done. */
  collectGarbage(): Promise<void>;
  /** Begins to count what comes from Redis at this port. */
  countRedis(port: number): Promise<void>;
  redisCounts(): Promise<RedisCounts>;
}

/** What a process has heard from Redis since it began to count. */
export interface RedisCounts {
  /** Of its subscriptions. */
  messages: number;
  /** All of them, answers to its commands too. */
  bytes: number;
}

const IN_CHILD = new URL('in-child.ts', import.meta.url).href;
const ANSWER_WITHIN_MS = 5000;

const isReady = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(1000) })).ok;
  } catch {
    return false;
  }
};

interface Said {
  count: number;
  last: string[];
}

const keepLast = (streams: readonly Readable[]): Said => {
  const said: Said = { count: 0, last: [] };
  for (const stream of streams) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = text.trimEnd().split('\n');
      said.count += lines.length;
      said.last = [...said.last, ...lines].slice(-LINES_KEPT);
    });
  }
  return said;
};

/** Resolves when it is ready, on another port where somebody was faster. @throws with its last lines when it does not get there */
export const startChild = async (options: ChildOptions): Promise<Child> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (attempt === ATTEMPTS || !String(error).includes('EADDRINUSE')) throw error;
    }
  }
};

const startOnce = async ({ name, script, env, stores, nodeOptions = [] }: ChildOptions): Promise<Child> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, ['--expose-gc', '--import', IN_CHILD, ...nodeOptions, script], {
    env: { ...stores.forServers, ...env, PORT: String(port), HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  }) as ChildProcessByStdio<null, Readable, Readable>;
  const ended = once(child, 'exit');
  const said = keepLast([child.stdout, child.stderr]);
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });

  const stop = async (): Promise<void> => {
    if (hasEnded) return;
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await ended;
    clearTimeout(killer);
  };

  stores.keep({
    [Symbol.asyncDispose]: async () => {
      if (hasEnded) return;
      child.kill('SIGKILL');
      await ended;
    },
  });
  const ask = async (question: object): Promise<unknown> => {
    const answered = once(child, 'message');
    child.send(question);
    return (await Promise.race([answered, pause(ANSWER_WITHIN_MS, [null])]))[0];
  };

  const deadline = performance.now() + READY_WITHIN_MS;
  // Whoever answers at the port of a process that has ended is somebody else.
  while (!(await isReady(url)) || hasEnded) {
    if (!hasEnded && performance.now() < deadline) await pause(30);
    else {
      await stop();
      throw new Error(`${name} did not get ready. It said last:\n${said.last.join('\n')}`);
    }
  }
  return {
    name,
    url,
    pid: child.pid as number,
    get hasEnded() {
      return hasEnded;
    },
    get linesPrinted() {
      return said.count;
    },
    get lastLines() {
      return said.last;
    },
    collectGarbage: async () => void (await ask({ collectGarbage: true })),
    countRedis: async (port) => void (await ask({ countRedis: port })),
    redisCounts: async () => (await ask({ tellCounts: true })) as RedisCounts,
    [Symbol.asyncDispose]: stop,
  };
};

/** How gateways are called that nobody connects to. */
export const IDLE_GATEWAY = 'idle gateway';

/** Adds processes to a list; they stop, and are no longer in it, on dispose. */
export const addTo = async (list: Child[], added: readonly Child[]): Promise<AsyncDisposable> => {
  // What the start left behind is no cost of being idle.
  await Promise.all(added.map((child) => child.collectGarbage()));
  list.push(...added);
  return {
    [Symbol.asyncDispose]: async () => {
      for (const child of added) list.splice(list.indexOf(child), 1);
      await Promise.all(added.map((child) => child[Symbol.asyncDispose]()));
    },
  };
};
