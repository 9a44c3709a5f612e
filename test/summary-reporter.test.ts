import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './repository-root.ts';

const REPORTER = join(ROOT, 'test/summary-reporter.ts');

/** Runs tests of their own in a folder of their own; `it` and its kin are global there. */
const lastLineOf = (tests: readonly string[]): { lastLine: string | undefined; status: number | null } => {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-summary-'));
  try {
    mkdirSync(join(folder, 'tests'));
    for (const [index, source] of tests.entries()) writeFileSync(join(folder, 'tests', `${index}.test.js`), source);
    const options = ['--globals', '--reporter=default', `--reporter=${REPORTER}`];
    const { stdout, status } = spawnSync(join(ROOT, 'node_modules/.bin/vitest'), ['run', '--root', folder, ...options], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { lastLine: stdout.trimEnd().split('\n').at(-1), status };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const PASSES = "it('passes', () => {});";

it.each([
  ['that pass', [PASSES, PASSES], '2 passed, 0 failed', 0],
  ['of which some are skipped', [PASSES, "it.skip('later', () => {});"], '1 passed, 0 failed, 1 skipped', 0],
  ['of which one fails', [`${PASSES} it('fails', () => { throw new Error('no'); });`], '1 passed, 1 failed', 1],
  ['with a file that does not load', [PASSES, "throw new Error('no');"], '1 passed, 1 failed', 1],
  ['with a set-up that fails', [PASSES, `beforeAll(() => { throw new Error('no'); }); ${PASSES}`], '1 passed, 1 failed, 1 skipped', 1],
  ['with an error that nobody caught', ["it('leaves', () => { void Promise.reject(new Error('no')); });"], '1 passed, 1 failed', 1],
  ['that are none', [], '0 passed, 1 failed', 1],
])('a run of tests %s says so in its last line', (_, tests, lastLine, status) => {
  expect(lastLineOf(tests)).toEqual({ lastLine, status });
});
