import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

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
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['packages/**/*.test.ts', 'services/**/*.test.ts'],
          // One process takes many files, one after the other: a process for each of these 220, and all that it imports, took half of their CPU.
          isolate: false,
          restoreMocks: true,
          unstubGlobals: true,
        },
      },
      { extends: true, test: { name: 'whole', include: ['test/**/*.test.ts'] } },
    ],
  },
});
