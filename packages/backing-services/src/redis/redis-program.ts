import { programOnPath } from '../program-on-path.ts';

const PROGRAMS = ['redis-server', 'valkey-server'];

/** The Redis on PATH, or the Valkey, or null. */
export const redisProgram = async (): Promise<string | null> => {
  for (const name of PROGRAMS) {
    const program = await programOnPath(name);
    if (program !== null) return program;
  }
  return null;
};
