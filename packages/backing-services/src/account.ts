import { type ExecFileException, execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A system account that a program can run as in place of ours. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const ACCOUNT = 'postgres';

const lookUp = async (name: string): Promise<Account | null> => {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return null;
  }
};

const create = async (name: string): Promise<void> => {
  await run('groupadd', ['--system', '--force', name]);
  await run('useradd', ['--system', '--gid', name, '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', name]);
};

/** The account that PostgreSQL runs as: null, ours, unless we are root, whom it refuses; then `postgres`, created when missing. */
export const postgresAccount = async (name = ACCOUNT): Promise<Account | null> => {
  if (process.getuid?.() !== 0) return null;
  const known = await lookUp(name);
  if (known !== null) return known;
  const failure = await create(name).then(
    () => null,
    (error: ExecFileException) => error,
  );
  // Looked up again even after a failure: another run may have created it meanwhile.
  const created = await lookUp(name);
  if (created !== null) return created;
  throw new Error(
    `PostgreSQL refuses to run as root, and the account "${name}" could not be created: set DATABASE_URL, or run as another user`,
    { cause: failure },
  );
};

/** Whether the account can do something that a small program can try for it, such as `test -x <folder>`. */
export const canRun = async (account: Account | null, program: string, args: readonly string[]): Promise<boolean> => {
  try {
    await run(program, args, { ...account, cwd: '/' });
    return true;
  } catch {
    return false;
  }
};

export const canEnter = (account: Account | null, folder: string): Promise<boolean> => canRun(account, 'test', ['-x', folder]);
