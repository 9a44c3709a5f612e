import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ROOT } from './repository-root.ts';

const PATIENCE_MS = 240_000;

// Left to end by itself, it waited for ever for a request whose other end had been killed.
it('the command ends after its last line', { timeout: PATIENCE_MS + 10_000 }, async () => {
  const argv = '--times 2 --faults kill_gateway,kill_call_service --scale 0.05 --rate 5 --seed 4 --not-durable --facts-only';
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'packages/chaos/src/main.ts'), ...argv.split(' ')], {
    timeout: PATIENCE_MS,
  });
  const lines = stdout.trimEnd().split('\n');
  expect(lines.slice(-3)).toEqual([
    '4 faults: kill_gateway 2, kill_call_service 2',
    expect.stringMatching(/^\d+ calls; /),
    'every promise held',
  ]);
});
