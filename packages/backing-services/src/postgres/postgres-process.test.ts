import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { postgresAccount } from '../account.ts';
import { createTemporaryFolder } from '../folders.ts';
import { pollUntil } from '../poll-until.ts';
import { queryOnce } from './postgres-connection.ts';
import { startPostgresProcess } from './postgres-process.ts';

const temporary = async () => {
  const folder = await createTemporaryFolder('trunkline-test-', await postgresAccount());
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
};

const start = (dataFolder: string | null, reports: string[] = []) =>
  startPostgresProcess({ env: {}, dataFolder, durable: true, report: (line) => reports.push(line) });

const dataFolderOf = async (url: string): Promise<string> =>
  String((await queryOnce<{ data_directory: string }>(url, 'show data_directory'))[0]?.data_directory);

test('a kept data folder has its data again', async () => {
  await using kept = await temporary();
  {
    await using first = await start(kept.folder);
    await queryOnce(first.url, 'create table remembered as select 7 as number');
  }
  await using second = await start(kept.folder);
  expect(await queryOnce(second.url, 'select number from remembered')).toEqual([{ number: 7 }]);
});

test('a server killed with SIGKILL starts again with what it had acknowledged', async () => {
  await using kept = await temporary();
  await using first = await start(kept.folder);
  await queryOnce(first.url, 'create table acknowledged as select 7 as number');
  process.kill(first.pid as number, 'SIGKILL');
  await using second = await start(kept.folder);
  expect(await queryOnce(second.url, 'select number from acknowledged')).toEqual([{ number: 7 }]);
});

test('the pid file of a crashed server whose number now belongs to another process does not stand in the way', async () => {
  await using kept = await temporary();
  let cluster: string;
  {
    await using first = await start(kept.folder);
    cluster = await dataFolderOf(first.url);
  }
  await writeFile(join(cluster, 'postmaster.pid'), `${process.pid}\n${cluster}\n`);
  await using second = await start(kept.folder);
  expect(await dataFolderOf(second.url)).toBe(cluster);
});

test('data that another run uses are refused, and that run is not disturbed', { timeout: 120_000 }, async () => {
  await using kept = await temporary();
  await using first = await start(kept.folder);
  await expect(start(kept.folder)).rejects.toThrow(new RegExp(`in use by another run \\(PostgreSQL is process ${first.pid}\\).*DATA_DIR`));
  expect(await queryOnce(first.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('it listens on 127.0.0.1 alone, takes many connections, and is durable when asked to be', async () => {
  await using postgres = await start(null);
  const sql = `select name, setting from pg_settings where name in ('listen_addresses', 'max_connections', 'fsync', 'synchronous_commit', 'unix_socket_directories')`;
  const settings = Object.fromEntries(
    (await queryOnce<{ name: string; setting: string }>(postgres.url, sql)).map(({ name, setting }) => [name, setting]),
  );
  expect(settings).toEqual({
    listen_addresses: '127.0.0.1',
    max_connections: '300',
    fsync: 'on',
    synchronous_commit: 'on',
    unix_socket_directories: '',
  });
});

test.runIf(process.getuid?.() === 0)('root keeps the data in a folder that the account of PostgreSQL cannot enter', async () => {
  const reports: string[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-closed-'));
  let elsewhere: string;
  {
    await using first = await start(folder, reports);
    elsewhere = await dataFolderOf(first.url);
    expect(elsewhere.startsWith(folder)).toBe(false);
  }
  {
    await using second = await start(folder, reports);
    expect(await dataFolderOf(second.url)).toBe(elsewhere);
  }
  expect(reports).toEqual([expect.stringContaining(`its account cannot enter ${folder}`)]);
  await rm(folder, { recursive: true });
  await rm(join(elsewhere, '..'), { recursive: true });
});

test('disposing after the server died is harmless', async () => {
  const postgres = await start(null);
  const pid = postgres.pid as number;
  process.kill(pid, 'SIGKILL');
  await postgres[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
  expect(await pollUntil(() => !isAlive(pid), { withinMs: 5000 })).toBe(true);
});

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
