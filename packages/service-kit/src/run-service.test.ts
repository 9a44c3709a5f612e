import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

const MODULE = ['--input-type=module', '--eval'];

/** Says when it is up, and its last words in the log when it is stopped, which takes a moment. */
const SERVICE = `
  import { setTimeout as pause } from 'node:timers/promises';
  import { createLogger } from './logger.ts';
  import { runService } from './run-service.ts';
  const log = createLogger('test', 'info');
  const run = () => runService({
    argv: [],
    loadConfig: () => ({}),
    start: async () => {
      const alive = setInterval(() => undefined, 1000);
      const parts = new AsyncDisposableStack();
      parts.defer(async () => {
        clearInterval(alive);
        process.stdout.write('stopping ');
        await pause(300);
        for (const word of ['first', 'second', 'third']) log.info(word);
      });
      return parts;
    },
  }).then(() => process.stdout.write('up '));
`;

/** A thread waits for input that does not come, and so would Node's exit, for ever. */
const STUCK = `
  import { read } from 'node:fs';
  read(4, Buffer.alloc(1), 0, 1, null, () => undefined);
  await run();
`;

/** The channel ends before anybody listens. */
const LATE = `
  process.stdout.write('loading ');
  while (process.connected) await pause(10);
  await run();
`;

/** What it says, and whoever it started; it counts as closed when the last of them has ended. */
const listenTo = (child: ChildProcess) => {
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const closed = once(child, 'close');
  return { child, closed, said: () => said, hears: (words: string) => expect.poll(() => said, { timeout: 30_000 }).toContain(words) };
};

const start = (script: string) =>
  listenTo(spawn(process.execPath, [...MODULE, script], { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit', 'pipe'] }));

/** A parent that starts a service with a channel to itself, and is killed by the test. */
const startParentOf = (script: string) => {
  const parent = start(`
    import { spawn } from 'node:child_process';
    const child = spawn(process.execPath, ${JSON.stringify([...MODULE, script])}, { stdio: ['ignore', 'inherit', 'inherit', 'ipc', 3] });
    process.stdout.write('child ' + child.pid + ' ');
  `);
  const killAll = (): void => {
    const pid = Number(/child (\d+)/.exec(parent.said())?.[1]);
    parent.child.kill('SIGKILL');
    if (pid > 0 && parent.child.stdout?.closed === false) process.kill(pid, 'SIGKILL');
  };
  return { ...parent, killAll };
};

/** Sorted: what a thread still writes at an exit comes when it comes. */
const lastWordsOf = (said: string): string[] => [...said.matchAll(/"msg":"(\w+)"/g)].map(([, word]) => String(word)).sort();
const LAST_WORDS = ['first', 'second', 'third'];

test('a service whose parent is killed leaves no process, though its exit hangs, and says its last words', async ({ onTestFailed }) => {
  const parent = startParentOf(SERVICE + STUCK);
  onTestFailed(parent.killAll);
  await parent.hears('up ');
  parent.child.kill('SIGKILL');
  await parent.closed;
  expect(lastWordsOf(parent.said())).toEqual(LAST_WORDS);
});

test('a service whose parent is killed while it loads does not start', async ({ onTestFailed }) => {
  const parent = startParentOf(SERVICE + LATE);
  onTestFailed(parent.killAll);
  await parent.hears('loading ');
  parent.child.kill('SIGKILL');
  await parent.closed;
  expect(parent.said()).not.toContain('up ');
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  'a service that is told twice to stop, then by %s, stops once, and exits with 0',
  async (second) => {
    const service = start(`${SERVICE} await run();`);
    await service.hears('up ');
    service.child.kill('SIGTERM');
    await service.hears('stopping ');
    service.child.kill(second);
    expect(await service.closed).toEqual([0, null]);
    expect(lastWordsOf(service.said())).toEqual(LAST_WORDS);
  },
);
