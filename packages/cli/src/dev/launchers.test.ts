import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const WATCHER = `
  import { watchLaunchers } from ${JSON.stringify(join(import.meta.dirname, 'launchers.ts'))};
  const gone = watchLaunchers({});
  process.stdout.write(gone() ? 'gone before' : 'watching');
  setInterval(() => {
    if (gone()) process.stdout.write(' gone', () => process.exit());
  }, 20);
`;

test.runIf(process.platform === 'linux')('the end of a package manager is noticed, also with a shell in between', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-launchers-'));
  const manager = join(folder, 'pnpm');
  const watcher = join(folder, 'watcher.mjs');
  await symlink(process.execPath, manager);
  await writeFile(watcher, WATCHER);
  const script = `require('node:child_process').spawn('sh', ['-c', '"${process.execPath}" "${watcher}"; :'], { stdio: 'inherit' })`;
  const child = spawn(manager, ['--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = child.stdout.toArray();
  await once(child.stdout, 'readable');

  child.kill('SIGKILL');
  expect(Buffer.concat(await said).toString()).toBe('watching gone');
  await rm(folder, { recursive: true });
});
