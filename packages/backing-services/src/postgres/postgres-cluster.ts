import { execFile } from 'node:child_process';
import { access, chown, mkdtemp, readFile, readlink, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Account } from '../account.ts';
import { pollUntil } from '../poll-until.ts';
import type { PostgresPrograms } from './postgres-programs.ts';
import { SUPERUSER } from './postgres-settings.ts';

const run = promisify(execFile);

const EARLIER_RUN_STOPS_WITHIN_MS = 3000;

interface ClusterOptions {
  /** Holds one cluster per major version, since none can read another's. */
  home: string;
  programs: PostgresPrograms;
  account: Account | null;
}

/** The data folder of the cluster in `home`, initialised when new and held by no server. */
export const prepareCluster = async ({ home, programs, account }: ClusterOptions): Promise<string> => {
  const cluster = join(home, programs.majorVersion);
  if (!(await isCluster(cluster))) await initialise(cluster, { home, programs, account });
  await waitForEarlierServer(cluster);
  return cluster;
};

const isCluster = (folder: string): Promise<boolean> =>
  access(join(folder, 'PG_VERSION')).then(
    () => true,
    () => false,
  );

/** Under another name first: an interrupted `initdb` leaves a folder that looks like a cluster and is none. */
const initialise = async (cluster: string, { home, programs, account }: ClusterOptions): Promise<void> => {
  const unfinished = await mkdtemp(join(home, 'initialising-'));
  if (account !== null) await chown(unfinished, account.uid, account.gid);
  const flags = ['--no-locale', '--encoding=UTF8', '--auth=trust', '--no-instructions', '--no-sync'];
  try {
    await run(programs.initdb, [`--pgdata=${unfinished}`, `--username=${SUPERUSER}`, ...flags], {
      ...account,
      cwd: '/',
      env: { LC_ALL: 'C', TZ: 'UTC' },
    });
    await rename(unfinished, cluster);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!(await isCluster(cluster))) throw error;
  }
};

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** The process that serves the cluster, or null. A crash leaves its pid file behind, and the number may be another process's by now. */
const servingProcess = async (cluster: string): Promise<number | null> => {
  const pid = Number.parseInt(await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => ''), 10);
  if (!(pid > 0) || !isRunning(pid)) return null;
  if (process.platform !== 'linux') return pid;
  // A PostgreSQL server works in its data folder.
  return (await readlink(`/proc/${pid}/cwd`).catch(() => null)) === cluster ? pid : null;
};

/** A run that was killed a moment ago may still be stopping its server; one that lives on keeps the data. */
const waitForEarlierServer = async (cluster: string): Promise<void> => {
  const stopped = await pollUntil(async () => (await servingProcess(cluster)) === null, { withinMs: EARLIER_RUN_STOPS_WITHIN_MS });
  if (!stopped) {
    const pid = await servingProcess(cluster);
    throw new Error(
      `the data in ${cluster} are in use by another run (PostgreSQL is process ${pid}): stop that run, or set DATA_DIR to another folder`,
    );
  }
  await rm(join(cluster, 'postmaster.pid'), { force: true });
};
