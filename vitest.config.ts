import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

/** What stands beside the code that it tests: most need nothing that runs. */
const BESIDE_THE_CODE = ['packages/*/src/**/*.test.ts', 'packages/client/test/**/*.test.ts', 'services/*/src/**/*.test.ts'];

export default defineConfig({
  test: {
    globalSetup: ['./test/global-setup.ts'],
    // Tests wait more than they work: two cores are busy with four.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    // What a test waits for comes at once, or late where the machine is busy with others: patience costs only who fails.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 10_000 } },
    reporters: ['default', './test/summary-reporter.ts'],
    projects: [
      // One process after another takes many files: a process and its imports for each of 145 small ones took half of their CPU.
      {
        extends: true,
        test: { name: 'beside the code', include: BESIDE_THE_CODE, isolate: false, restoreMocks: true, unstubGlobals: true },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['packages/**/*.test.ts', 'services/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...BESIDE_THE_CODE],
        },
      },
    ],
  },
});
