import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ROOT } from './repository-root.ts';

const PATIENCE_MS = 240_000;
const MAIN = join(ROOT, 'packages/chaos/src/main.ts');

// Left to end by itself, it waited for ever for a request whose other end had been killed.
it('the command ends after its last line', { timeout: PATIENCE_MS + 10_000 }, async () => {
  const argv = '--times 2 --faults kill_gateway,kill_call_service --scale 0.05 --rate 5 --seed 4 --not-durable --facts-only';
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...argv.split(' ')], {
    timeout: PATIENCE_MS,
  });
  const lines = stdout.trimEnd().split('\n');
  expect(lines.slice(-3)).toEqual([
    '4 faults: kill_gateway 2, kill_call_service 2',
    expect.stringMatching(/^\d+ calls; /),
    'every promise held',
  ]);
});

it('told to stop, it leaves nothing behind', { timeout: PATIENCE_MS }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'told-to-stop-'));
  // PostgreSQL runs as somebody else where this is root, and has to get to its data.
  await chmod(folder, 0o711);
  try {
    const argv = '--seconds 600 --faults none --rate 5 --seed 4 --not-durable';
    const child = spawn('env', [`TMPDIR=${folder}`, process.execPath, MAIN, ...argv.split(' ')], { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface(child.stdout)) if (line.includes('devices are connected')) break;
    const exited = once(child, 'exit');
    child.kill('SIGINT');
    expect(await exited).toEqual([130, null]);
    expect((await readdir(folder)).filter((name) => name.startsWith('trunkline-chaos-'))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
