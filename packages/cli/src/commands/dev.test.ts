import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@trunkline/testing';
import { expect, test, vi } from 'vitest';
import { runCli } from '../cli.ts';

const PORTS = ['FRONT_DOOR_PORT', 'CALL_SERVICE_PORT', 'GATEWAY_PORT', 'NOTIFIER_PORT', 'PUSH_STAND_IN_PORT'] as const;

const startDev = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-dev-'));
  // As a checkout has it; the account of PostgreSQL could not enter a folder that is ours alone.
  await chmod(folder, 0o755);
  const ports = await Promise.all(PORTS.map(freePort));
  const settings = Object.fromEntries(PORTS.map((name, index) => [name, String(ports[index])]));
  const stores = { DATABASE_URL: '', REDIS_URL: '' };
  // Where some shells have the machine's name.
  const env = { ...process.env, ...settings, ...stores, GATEWAYS: '1', DATA_DIR: folder, HOST: '127.0.0.2' };
  const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts'), 'dev'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  const ended = once(child, 'close');
  return {
    folder,
    ports,
    frontDoor: `http://127.0.0.1:${ports[0]}`,
    child: child as ChildProcess,
    said: () => said,
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGINT');
      await ended;
      await rm(folder, { recursive: true, maxRetries: 5 });
    },
  };
};

type Dev = Awaited<ReturnType<typeof startDev>>;

const untilReady = async (dev: Dev): Promise<void> => {
  const ready = vi.waitFor(() => expect(dev.said()).toContain('Ctrl-C stops all of it'), { timeout: 180_000, interval: 50 });
  const endedEarly = dev.ended.then(() => expect.fail(`dev ended before it was ready; it said:\n${dev.said()}`));
  await Promise.race([ready, endedEarly]);
};

/** The servers of the run too, whose addresses it told. */
const addressesOf = (dev: Dev): string[] => [
  ...dev.ports.map((port) => `http://127.0.0.1:${port}/readyz`),
  ...[...dev.said().matchAll(/(?:postgres:\/\/postgres@|redis:\/\/)([\w.]+:\d+)/g)].map(([, host]) => `http://${host}/`),
];

const listPushes = async (dev: Dev): Promise<string[]> => {
  const lines: string[] = [];
  const env = { PUSH_STAND_IN_PORT: String(dev.ports[4]) };
  await runCli(['pushes'], { env, print: (line) => lines.push(line), printError: (line) => lines.push(line) });
  return lines;
};

const isRefused = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    () => false,
    (error: { cause?: { code?: string } }) => error.cause?.code === 'ECONNREFUSED',
  );

test('dev runs everything behind the front door, whatever HOST says, and Ctrl-C leaves nothing', { timeout: 360_000 }, async () => {
  await using dev = await startDev();
  await untilReady(dev);
  const addresses = addressesOf(dev);
  expect(addresses).toHaveLength(7);
  expect((await fetch(`${dev.frontDoor}/readyz`)).status).toBe(200);
  expect(await (await fetch(`${dev.frontDoor}/socket.io/?EIO=4&transport=polling`)).text()).toContain(`"sid":"${dev.ports[2]}-`);
  expect(dev.said()).toMatch(/alice ey\S+\n\s+bob +ey\S+/);
  expect(await readdir(join(dev.folder, 'logs'))).toContain('notifier.log');
  expect(await listPushes(dev)).toEqual(['Nothing was pushed yet.']);
  const { publicKey, privateKey } = JSON.parse(await readFile(join(dev.folder, 'vapid.json'), 'utf8'));
  expect([publicKey, privateKey]).toEqual([expect.stringMatching(/^B[\w-]{86}$/), expect.stringMatching(/^[\w-]{43}$/)]);

  dev.child.kill('SIGINT');
  expect(await dev.ended).toEqual([0, null]);
  expect(await Promise.all(addresses.map(isRefused))).not.toContain(false);
});

test('dev killed with SIGKILL leaves nothing either', { timeout: 360_000 }, async () => {
  await using dev = await startDev();
  await untilReady(dev);
  const addresses = addressesOf(dev);
  dev.child.kill('SIGKILL');
  await vi.waitFor(async () => expect(await Promise.all(addresses.map(isRefused))).not.toContain(false), {
    timeout: 180_000,
    interval: 50,
  });
});
