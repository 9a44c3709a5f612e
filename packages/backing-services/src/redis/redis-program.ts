import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PROGRAMS = ['redis-server', 'valkey-server'];

/** The full path of a program on PATH, or null. */
export const programOnPath = async (name: string): Promise<string | null> => {
  try {
    return (await run('sh', ['-c', 'command -v "$0"', name])).stdout.trim();
  } catch {
    return null;
  }
};

/** The Redis on PATH, or the Valkey, or null. */
export const redisProgram = async (): Promise<string | null> => {
  for (const name of PROGRAMS) {
    const program = await programOnPath(name);
    if (program !== null) return program;
  }
  return null;
};
