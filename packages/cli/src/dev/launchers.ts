import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Environment } from '../command.ts';

const PACKAGE_MANAGER = /^(?:npm|npx|pnpm|yarn|corepack)\b/;

const parentOf = (pid: number): number | null => {
  try {
    // The name before it, in brackets, can hold anything.
    const [, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return Number(parent);
  } catch {
    return null;
  }
};

/** By the program that runs, not by what it was told to run: a shell may well end and leave what it started in the background. */
const isPackageManager = (pid: number): boolean => {
  try {
    const [program = '', script = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return [program, basename(program) === 'node' ? script : ''].some((path) => PACKAGE_MANAGER.test(basename(path)));
  } catch {
    return false;
  }
};

const ancestors = (): number[] => {
  const chain: number[] = [];
  for (let pid: number | null = process.ppid; pid !== null && pid > 1; pid = parentOf(pid)) chain.push(pid);
  return chain;
};

/** From our parent up to the outermost package manager, with the shells between them; empty when none started us. */
const launchers = (env: Environment): number[] => {
  if (process.platform !== 'linux') return env['npm_lifecycle_event'] ? [process.ppid] : [];
  const chain = ancestors();
  return chain.slice(0, chain.findLastIndex(isPackageManager) + 1);
};

/** Tells whether one of the package managers that started us, if any did, has gone since: not all pass a signal on before they end. */
export const watchLaunchers = (env: Environment): (() => boolean) => {
  const chain = launchers(env);
  return () => {
    const links = chain.map((_, index) => (index === 0 ? process.ppid : parentOf(chain[index - 1] as number)));
    return links.some((parent, index) => parent !== chain[index]);
  };
};
