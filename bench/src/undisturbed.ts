import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Result } from './report/result.ts';
import { isDisturbed } from './system/cpu-meter.ts';
import { cpuOfMachine } from './system/processes.ts';

const ATTEMPTS = 3;
const LOOK_MS = 1000;
const PATIENCE_MS = 20_000;
/** A share of the whole machine; systems that wait for load use a little of it themselves. */
const QUIET = 0.1;

const busyShare = async (): Promise<number> => {
  const [before, at] = [cpuOfMachine(), performance.now()];
  await pause(LOOK_MS);
  const after = cpuOfMachine();
  if (before === null || after === null) return 0;
  return (after - before) / ((performance.now() - at) * 1000 * availableParallelism());
};

/** Waits until the machine has next to nothing to do, 20 seconds at most. */
const untilQuiet = async (): Promise<void> => {
  const deadline = performance.now() + PATIENCE_MS;
  while ((await busyShare()) > QUIET && performance.now() < deadline);
};

/** What others do on the machine would be taken for what is measured: such a run is done again, a few times. */
export const undisturbed = async (run: () => Promise<Result>, asIs: boolean): Promise<Result> => {
  if (asIs) return run();
  for (let attempt = 1; ; attempt += 1) {
    await untilQuiet();
    const result = await run();
    if (attempt === ATTEMPTS || result.cpu === null || !isDisturbed(result.cpu)) return result;
  }
};
