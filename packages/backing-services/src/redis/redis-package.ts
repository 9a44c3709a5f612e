import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Report } from '../backing-server.ts';
import { programOnPath } from './redis-program.ts';

const run = promisify(execFile);

const INSTALLED_PROGRAM = '/usr/bin/redis-server';
const LAST_LINES = 10;

const aptGet = (...args: string[]) =>
  run('env', ['DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_MODE=l', 'apt-get', '-q', ...args], { maxBuffer: 64 * 1024 * 1024 });

const lastLines = (error: unknown): string => {
  const { stderr } = error as { stderr?: string };
  return (stderr || String(error)).trimEnd().split('\n').slice(-LAST_LINES).join('\n');
};

/** Whether we may install packages here: root, on Debian, Ubuntu or their like. */
export const canInstallRedis = async (): Promise<boolean> =>
  process.platform === 'linux' && process.getuid?.() === 0 && (await programOnPath('apt-get')) !== null;

/** The package starts and enables a service at the well-known port, which nobody asked for. Each way fails where it is not in use. */
const stopRedisService = async (): Promise<void> => {
  const ways = [
    ['systemctl', 'disable', '--now', 'redis-server'],
    ['service', 'redis-server', 'stop'],
    ['update-rc.d', 'redis-server', 'disable'],
  ] as const;
  for (const [program, ...args] of ways) await run(program, args).catch(() => null);
};

/** Installs Redis from the distribution, said aloud, and returns its program. Leaves no Redis running. */
export const installRedis = async (report: Report): Promise<string> => {
  report(
    'There is no Redis here. Installing the package redis-server with apt-get, which can take a minute; its system service stays off.',
  );
  // Some other list may be out of reach, and the package there all the same: only the installation decides.
  await aptGet('update').catch(() => null);
  try {
    await aptGet('install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', 'redis-server');
  } catch (error) {
    const ways = 'Set REDIS_URL, start Docker, or put redis-server or valkey-server on PATH.';
    throw new Error(`apt-get could not install redis-server. It said:\n${lastLines(error)}\n${ways}`, { cause: error });
  }
  await stopRedisService();
  return INSTALLED_PROGRAM;
};
