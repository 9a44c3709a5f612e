import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@trunkline/testing';
import { expect, test, vi } from 'vitest';
import { createChildStarter } from './child-process.ts';
import { startServices } from './service.ts';

const SERVICE = `
  import { createServer } from 'node:http';
  console.log(JSON.stringify({ level: 'info', msg: 'starting ' + process.env.RUN }));
  if (process.env.FAILS) throw new Error('it cannot be');
  createServer((request, response) => {
    console.log(JSON.stringify({ level: 'info', msg: process.env.RUN + ' is asked' }));
    setTimeout(() => response.end(process.env.RUN + ' ' + process.pid), Number(process.env.ANSWERS_AFTER_MS ?? 0));
  }).listen(Number(process.env.PORT), '127.0.0.1');
  process.once('SIGTERM', () => process.exit(0));
  process.once('disconnect', () => process.exit(0));
`;

const surroundings = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-service-'));
  const script = join(folder, 'service.mjs');
  await writeFile(script, SERVICE);
  const children = createChildStarter();
  const stop = new AbortController();
  let runs = 0;
  const spec = async (name: string, more: Record<string, string> = {}) => {
    const port = await freePort();
    const complaints: string[] = [];
    const env = () => {
      runs += 1;
      return { PORT: String(port), RUN: `run-${runs}`, ...more };
    };
    return { name, script, port, env, logFile: join(folder, `${name}.log`), complaints, complain: (text: string) => complaints.push(text) };
  };
  return {
    spec,
    launch: { startChild: children.startChild, stop: stop.signal },
    abort: () => stop.abort(new Error('stopped')),
    [Symbol.asyncDispose]: async () => {
      children[Symbol.dispose]();
      await rm(folder, { recursive: true });
    },
  };
};

const ask = async (port: number): Promise<string> => (await fetch(`http://127.0.0.1:${port}/`)).text();

test('services are ready when the start resolves, and gone when they are disposed', async () => {
  await using around = await surroundings();
  const specs = [await around.spec('first'), await around.spec('second')];
  const services = await startServices(specs, around.launch);
  for (const { port } of specs) expect(await ask(port)).toMatch(/^run-/);
  await services[Symbol.asyncDispose]();
  for (const { port } of specs) await expect(ask(port)).rejects.toThrow();
  expect(await readFile(specs[0]?.logFile as string, 'utf8')).toContain('starting run-1');
});

test('a service that ends by itself runs again, as a new run', async () => {
  await using around = await surroundings();
  const spec = await around.spec('mortal');
  await using _ = await startServices([spec], around.launch);
  const [run, pid] = (await ask(spec.port)).split(' ');
  expect(run).toBe('run-1');
  process.kill(Number(pid), 'SIGKILL');
  await vi.waitFor(async () => expect(await ask(spec.port)).toMatch(/^run-2 /), { timeout: 20_000, interval: 50 });
  expect(spec.complaints).toEqual(['ended by SIGKILL; starting it again']);
});

test('a service that is stopped while it runs again is gone', async () => {
  await using around = await surroundings();
  const spec = await around.spec('mortal', { ANSWERS_AFTER_MS: '300' });
  const services = await startServices([spec], around.launch);
  const [, pid] = (await ask(spec.port)).split(' ');
  process.kill(Number(pid), 'SIGKILL');
  const log = (): Promise<string> => readFile(spec.logFile, 'utf8');
  await vi.waitFor(async () => expect(await log()).toContain('run-2 is asked'), { timeout: 20_000, interval: 20 });
  await services[Symbol.asyncDispose]();
  await expect(ask(spec.port)).rejects.toThrow();
});

test('a service that cannot start stops those beside it, and the error has its last words', async () => {
  await using around = await surroundings();
  const healthy = await around.spec('healthy');
  const failing = await around.spec('failing', { FAILS: 'yes' });
  await expect(startServices([healthy, failing], around.launch)).rejects.toThrow(/failing ended with exit code 1[\s\S]*it cannot be/);
  await expect(ask(healthy.port)).rejects.toThrow();
});

test('a start that is given up leaves nothing', async () => {
  await using around = await surroundings();
  const spec = await around.spec('late');
  around.abort();
  await expect(startServices([spec], around.launch)).rejects.toThrow('stopped');
  await expect(ask(spec.port)).rejects.toThrow();
});
