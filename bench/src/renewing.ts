import { isClean, type Result } from './report/result.ts';
import type { Load } from './scenarios/scenario.ts';

/** A system that runs, and is given one load after another. */
export interface Session extends AsyncDisposable {
  run(load: Load): Promise<Result>;
}

/** After a run that lost something, calls live on that nobody knows of: the next run gets a system of its own. */
export const renewing = (start: () => Promise<Session>): Session => {
  let current: Session | null = null;
  const dispose = async (): Promise<void> => {
    const session = current;
    current = null;
    await session?.[Symbol.asyncDispose]();
  };
  return {
    run: async (load) => {
      current ??= await start();
      const result = await current.run(load);
      if (!isClean(result)) await dispose();
      return result;
    },
    [Symbol.asyncDispose]: dispose,
  };
};
