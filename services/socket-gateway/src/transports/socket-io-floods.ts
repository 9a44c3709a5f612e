import type { Socket } from 'socket.io';
import { FloodWatch } from './flood-watch.ts';
import { FLOOD } from './hardened-ws-server.ts';

type Engine = Socket['conn'];

/** Below the engine's transport, where there is one: long polling has none. */
interface BelowEngine {
  socket?: { on(event: string, listener: () => void): void; terminate(): void };
}

const FLOODED = new WeakSet<Engine>();

/** Whether the connection was closed because it sent too much. */
export const hasFlooded = (engine: Engine): boolean => FLOODED.has(engine);

/** Ends a connection without a word and without waiting for one. */
export const breakOff = (engine: Engine): void => {
  const { socket } = engine.transport as unknown as BelowEngine;
  engine.close(true);
  socket?.terminate();
};

/** Breaks a connection off that sends too much, whichever of its layers would have answered. */
export const breakOffFloods = (engine: Engine, framesPerSecond: number): void => {
  const onFlood = (): void => {
    FLOODED.add(engine);
    breakOff(engine);
  };
  const watch = ({ socket }: BelowEngine): void => socket?.on(FLOOD, onFlood);
  watch(engine.transport as unknown as BelowEngine);
  engine.on('upgrade', (transport: unknown) => watch(transport as BelowEngine));
  // One request of long polling may bring thousands of packets.
  const packets = new FloodWatch(framesPerSecond, onFlood);
  engine.on('packet', packets.count);
};
