import type { Session } from './renewing.ts';
import type { Result } from './report/result.ts';
import { CallBench } from './scenarios/calls.ts';
import { ChatBench } from './scenarios/chats.ts';
import type { Bench, Load } from './scenarios/scenario.ts';
import type { System } from './system/system.ts';

interface Players extends Disposable {
  warmUp(): Promise<void>;
}

const startPlayers = async <Kind extends Players>(
  start: () => Promise<System>,
  connect: (system: System) => Promise<Kind>,
  run: (players: Kind, load: Load) => Promise<Result>,
): Promise<Session> => {
  await using started = new AsyncDisposableStack();
  const system = started.use(await start());
  const players = started.use(await connect(system));
  await players.warmUp();
  const running = started.move();
  return { run: (load) => run(players, load), [Symbol.asyncDispose]: () => running.disposeAsync() };
};

/** A fresh system with its users connected, warm, for ring → reject. */
export const startCalls = (start: () => Promise<System>, benchOf: (system: System) => Bench, connections: number): Promise<Session> =>
  startPlayers(
    start,
    (system) => CallBench.connect(benchOf(system), connections),
    (calls, load) => calls.run('ring-reject', load),
  );

/** The same with its users in chats of two. */
export const startChats = (start: () => Promise<System>, benchOf: (system: System) => Bench, connections: number): Promise<Session> =>
  startPlayers(
    start,
    (system) => ChatBench.connect(benchOf(system), connections),
    (chats, load) => chats.run(load),
  );
