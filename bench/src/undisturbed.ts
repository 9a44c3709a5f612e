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

/** How long it may wait for a machine that does nothing else. */
export interface Patience {
  /** Whether there is time for another look, or for another run. */
  isLeft(): boolean;
}

/** Measures on a machine that others use as it is. */
export const NO_PATIENCE: Patience = { isLeft: () => false };
export const ENDLESS_PATIENCE: Patience = { isLeft: () => true };

const busyShare = async (): Promise<number> => {
  const [before, at] = [cpuOfMachine(), performance.now()];
  await pause(LOOK_MS);
  const after = cpuOfMachine();
  if (before === null || after === null) return 0;
  return (after - before) / ((performance.now() - at) * 1000 * availableParallelism());
};

/** Waits until the machine has next to nothing to do, 20 seconds at most. */
const untilQuiet = async (patience: Patience): Promise<void> => {
  const deadline = performance.now() + PATIENCE_MS;
  while (patience.isLeft() && performance.now() < deadline && (await busyShare()) > QUIET);
};

/** What others do on the machine would be taken for what is measured: such a run is done again, a few times. */
export const undisturbed = async (run: () => Promise<Result>, patience: Patience): Promise<Result> => {
  for (let attempt = 1; ; attempt += 1) {
    await untilQuiet(patience);
    const result = await run();
    if (attempt === ATTEMPTS || result.cpu === null || !isDisturbed(result.cpu) || !patience.isLeft()) return result;
  }
};
