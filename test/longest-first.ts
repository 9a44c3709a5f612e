import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files of more than half a minute that are small: vitest goes by size where it has not run them before, and would keep a worker for them at the end. */
const LONG = [
  'chaos',
  'chaos-faults',
  'bench',
  'console-calls',
  'console-pages',
  'push-bulk',
  'faults',
  'rolling-restart',
  'chaos-command',
];

const isLong = ({ moduleId }: TestSpecification): boolean => LONG.some((name) => moduleId.endsWith(`/test/${name}.test.ts`));

/** Begins with what takes longest, so that no worker is left with it alone. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
