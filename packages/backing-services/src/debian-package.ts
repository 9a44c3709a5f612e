import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Report } from './backing-server.ts';
import { programOnPath } from './program-on-path.ts';

const run = promisify(execFile);

const LAST_LINES = 10;

const aptGet = (...args: string[]) =>
  run('env', ['DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_MODE=l', 'apt-get', '-q', ...args], { maxBuffer: 64 * 1024 * 1024 });

const lastLines = (error: unknown): string => {
  const { stderr } = error as { stderr?: string };
  return (stderr || String(error)).trimEnd().split('\n').slice(-LAST_LINES).join('\n');
};

/** Whether we may install packages here: root, on Debian, Ubuntu or their like. */
export const canInstallPackages = async (): Promise<boolean> =>
  process.platform === 'linux' && process.getuid?.() === 0 && (await programOnPath('apt-get')) !== null;

/** A package starts and enables a service at a well-known port, which nobody asked for. Each way fails where it is not in use. */
const stopService = async (service: string): Promise<void> => {
  const ways = [
    ['systemctl', 'disable', '--now', service],
    ['service', service, 'stop'],
    ['update-rc.d', service, 'disable'],
  ] as const;
  for (const [program, ...args] of ways) await run(program, args).catch(() => null);
};

export interface DebianPackage {
  /** Also the name of the service that it brings. */
  name: string;
  /** What else to do where it cannot be installed. */
  otherWays: string;
}

/** Installs a package of the distribution, said aloud. Leaves no service of it running. */
export const installPackage = async ({ name, otherWays }: DebianPackage, report: Report): Promise<void> => {
  report(`Installing the package ${name} with apt-get, which can take a minute; its system service stays off.`);
  // Some other list may be out of reach, and the package there all the same: only the installation decides.
  await aptGet('update').catch(() => null);
  try {
    await aptGet('install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', name);
  } catch (error) {
    throw new Error(`apt-get could not install ${name}. It said:\n${lastLines(error)}\n${otherWays}`, { cause: error });
  }
  await stopService(name);
};
