import { chmod, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const PACKAGE = resolve(import.meta.dirname, '..');
const DIST = join(PACKAGE, 'dist');
const SOURCES = ['src', 'public', 'index.html', 'phone.html', 'vite.config.ts', '../client/src', '../../pnpm-lock.yaml'];

const changedAt = async (path: string): Promise<number> => {
  const found = await stat(path).catch(() => null);
  if (found === null) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  const entries = await readdir(path);
  return Math.max(found.mtimeMs, ...(await Promise.all(entries.map((name) => changedAt(join(path, name))))));
};

const isStale = async (): Promise<boolean> => {
  const builtAt = await changedAt(join(DIST, 'index.html'));
  return builtAt === 0 || Math.max(...(await Promise.all(SOURCES.map((name) => changedAt(join(PACKAGE, name)))))) > builtAt;
};

/** Another process may build at the same time: each builds beside, and the last one's stays. */
const build = async (): Promise<void> => {
  const { build: buildWithVite } = await import('vite');
  const beside = await mkdtemp(join(PACKAGE, '.dist-'));
  try {
    await buildWithVite({ configFile: join(PACKAGE, 'vite.config.ts'), logLevel: 'warn', build: { outDir: beside, emptyOutDir: true } });
    await chmod(beside, 0o755);
    const old = `${beside}-old`;
    await rename(DIST, old).catch(() => null);
    await rename(beside, DIST).catch(() => null);
    await rm(old, { recursive: true, force: true });
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
};

/** Where the built console is, built anew where it is missing or older than its sources; `report` is told before that takes its seconds. */
export const consoleFolder = async (report: (line: string) => void): Promise<string> => {
  if (await isStale()) {
    report('Building the console …');
    await build();
  }
  return DIST;
};
