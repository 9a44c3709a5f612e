import type { SerializedError } from 'vitest';
import type { Reporter, TestModule } from 'vitest/node';

/** How many tests of a module had each outcome. A module that failed beside its tests counts as one that failed. */
const countsOf = (module: TestModule): { passed: number; failed: number; skipped: number } => {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    counts[state === 'pending' ? 'failed' : state] += 1;
  }
  if (module.state() !== 'passed' && module.state() !== 'skipped' && counts.failed === 0) counts.failed = 1;
  return counts;
};

/** Ends the output of a run with `N passed, N failed`. A run that failed in any other way counts as one that failed. */
export default class SummaryReporter implements Reporter {
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  onInit(): void {
    process.once('exit', (code) => this.#print(code));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const counts = modules.map(countsOf);
    this.#passed = counts.reduce((sum, { passed }) => sum + passed, 0);
    this.#failed = counts.reduce((sum, { failed }) => sum + failed, unhandledErrors.length);
    this.#skipped = counts.reduce((sum, { skipped }) => sum + skipped, 0);
  }

  #print(exitCode: number): void {
    const failed = exitCode !== 0 && this.#failed === 0 ? 1 : this.#failed;
    const skipped = this.#skipped === 0 ? '' : `, ${this.#skipped} skipped`;
    process.stdout.write(`${this.#passed} passed, ${failed} failed${skipped}\n`);
  }
}
