import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { programOnPath } from '@trunkline/backing-services';

/** By program, the Debian package that has it. */
const PACKAGES: Readonly<Record<string, string>> = { unshare: 'util-linux', ip: 'iproute2', nft: 'nftables' };
const ASKED_WRONGLY = 2;
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** The kernel's name for the network that this process is in. */
export const ownNetwork = (): string => readlinkSync('/proc/self/ns/net');

/** Runs a command in a network that has loopback and nothing else, and that is gone when the last process in it is. */
export const inOwnNetwork = (command: readonly string[]): { program: string; args: string[] } => ({
  program: 'unshare',
  args: ['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...command],
});

/** Why there can be no network of our own with rules of our own here; null: there can. */
export const whyNoNamespace = async (): Promise<string | null> => {
  if (process.platform !== 'linux') return 'network namespaces are a part of Linux';
  if (process.getuid?.() !== 0) return 'only root may have a network namespace with rules of its own';
  for (const [name, debianPackage] of Object.entries(PACKAGES)) {
    if ((await programOnPath(name)) === null) return `${name} is not installed (Debian's package ${debianPackage})`;
  }
  const { program, args } = inOwnNetwork(['nft', 'add table inet trial']);
  return promisify(execFile)(program, args).then(
    () => null,
    (error: { stderr?: string }) => `this machine does not let us: ${error.stderr?.trim() || String(error)}`,
  );
};

/** Runs this command once more, in a network of its own. Resolves with its exit code. */
export const runInNamespace = async (argv: readonly string[], print: (line: string) => void, signal: AbortSignal): Promise<number> => {
  const obstacle = await whyNoNamespace();
  if (obstacle !== null) {
    print(`--namespace cannot be had: ${obstacle}`);
    return ASKED_WRONGLY;
  }
  const { program, args } = inOwnNetwork([process.execPath, MAIN, ...argv, '--left-network', ownNetwork()]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close') as Promise<[number | null]>;
  // At a terminal it hears by itself as well, in the same moment.
  signal.addEventListener('abort', () => child.kill());
  createInterface(child.stdout).on('line', print);
  const [exitCode] = await ended;
  return exitCode ?? 1;
};
