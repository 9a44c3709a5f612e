import type { Session } from './renewing.ts';
import { CallBench } from './scenarios/calls.ts';
import type { Bench } from './scenarios/scenario.ts';
import type { System } from './system/system.ts';

/** A fresh system with its users connected, warm, for ring → reject. */
export const startCalls = async (
  start: () => Promise<System>,
  benchOf: (system: System) => Bench,
  connections: number,
): Promise<Session> => {
  await using started = new AsyncDisposableStack();
  const system = started.use(await start());
  const calls = started.use(await CallBench.connect(benchOf(system), connections));
  await calls.warmUp();
  const running = started.move();
  return { run: (load) => calls.run('ring-reject', load), [Symbol.asyncDispose]: () => running.disposeAsync() };
};
