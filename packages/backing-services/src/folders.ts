import { chown, lstat, mkdir, mkdtemp, readlink, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Account, canEnter } from './account.ts';
import type { Report } from './backing-server.ts';

/** Where temporary folders can be that the account reaches, the best first. */
export const temporaryRoots = async (account: Account | null): Promise<string[]> => {
  const roots = [...new Set([tmpdir(), '/var/tmp', '/tmp'])];
  const open = await Promise.all(roots.map((root) => canEnter(account, root)));
  return roots.filter((_, index) => open[index]);
};

const give = async (folder: string, account: Account | null): Promise<string> => {
  if (account !== null) await chown(folder, account.uid, account.gid);
  return folder;
};

/** A new folder with mode 0700 that belongs to the account. */
export const createTemporaryFolder = async (prefix: string, account: Account | null, roots?: readonly string[]): Promise<string> => {
  const [root] = roots ?? (await temporaryRoots(account));
  if (root === undefined) throw new Error('there is no temporary folder that the account of PostgreSQL can enter: set DATABASE_URL');
  return give(await mkdtemp(join(await realpath(root), prefix)), account);
};

const linkedFolder = async (link: string, account: Account): Promise<string | null> => {
  try {
    const target = await readlink(link);
    return (await lstat(target)).uid === account.uid ? target : null;
  } catch {
    return null;
  }
};

/**
 * The folder `wanted`, made to belong to the account. Where the account cannot get to it (a checkout under a folder with mode 0700),
 * it is a link to a folder that the account can reach, so that the next run finds its data again, and forgets them with the link.
 */
export const keptFolder = async (wanted: string, account: Account | null, report: Report): Promise<string> => {
  await mkdir(dirname(wanted), { recursive: true });
  if (account === null || (await canEnter(account, dirname(wanted)))) {
    await mkdir(wanted, { recursive: true, mode: 0o700 });
    return give(await realpath(wanted), account);
  }
  const linked = await linkedFolder(wanted, account);
  if (linked !== null) return linked;
  // Not the temporary folder first: what is kept should outlive a restart of the machine.
  const roots = (await temporaryRoots(account)).sort((a, b) => Number(b === '/var/tmp') - Number(a === '/var/tmp'));
  const elsewhere = await createTemporaryFolder('trunkline-postgres-', account, roots);
  await rm(wanted, { force: true });
  await symlink(elsewhere, wanted);
  report(`The database is kept in ${elsewhere}: PostgreSQL does not run as root, and its account cannot enter ${dirname(wanted)}.`);
  return elsewhere;
};
