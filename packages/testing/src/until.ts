import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 10;

/** Resolves with the first truthy answer of `condition`. @throws when there was none in time, naming `what` */
export const until = async <Value>(
  what: string,
  condition: () => Value | Promise<Value>,
  milliseconds = 20_000,
): Promise<Exclude<Value, false | null | undefined | 0 | ''>> => {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const value = await condition();
    if (value) return value as Exclude<Value, false | null | undefined | 0 | ''>;
    if (performance.now() > deadline) throw new Error(`waited ${milliseconds} ms in vain: ${what}`);
    await wait(POLL_MS);
  }
};
