import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { pollUntil } from './poll-until.ts';
import { queryOnce } from './postgres/postgres-connection.ts';

const PARENT = `
  import { startPostgresProcess } from './postgres/postgres-process.ts';
  const { url } = await startPostgresProcess({ env: {}, dataFolder: null, durable: false, report() {} });
  process.stdout.write(url);
`;

const fails = (promise: Promise<unknown>): Promise<boolean> =>
  promise.then(
    () => false,
    () => true,
  );

test('a process killed with SIGKILL leaves no server and no folder', { timeout: 120_000 }, async () => {
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', PARENT], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(parent.stdout, 'data')) as [Buffer];
  const url = String(said);
  const [row] = await queryOnce<{ data_directory: string }>(url, 'show data_directory');
  const folder = String(row?.data_directory);
  await access(folder);

  parent.kill('SIGKILL');
  expect(await pollUntil(() => fails(queryOnce(url, 'select 1')), { withinMs: 30_000 })).toBe(true);
  expect(await pollUntil(() => fails(access(folder)), { withinMs: 30_000 })).toBe(true);
});
