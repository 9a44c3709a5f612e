import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The full path of a program on PATH, or null. */
export const programOnPath = async (name: string): Promise<string | null> => {
  try {
    return (await run('sh', ['-c', 'command -v "$0"', name])).stdout.trim();
  } catch {
    return null;
  }
};
