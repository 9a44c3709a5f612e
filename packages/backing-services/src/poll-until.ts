import { setTimeout as pause } from 'node:timers/promises';

const POLL_EVERY_MS = 40;

/** Whether the condition came to hold within the time. A condition that throws does not hold yet. */
export const pollUntil = async (condition: () => boolean | Promise<boolean>, { withinMs }: { withinMs: number }): Promise<boolean> => {
  const deadline = performance.now() + withinMs;
  for (;;) {
    if (await holds(condition)) return true;
    if (performance.now() >= deadline) return false;
    await pause(POLL_EVERY_MS);
  }
};

const holds = async (condition: () => boolean | Promise<boolean>): Promise<boolean> => {
  try {
    return await condition();
  } catch {
    return false;
  }
};
