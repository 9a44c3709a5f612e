import type { CloseReason } from '@trunkline/contract';
import type { Socket } from 'socket.io';
import type { WebSocket } from 'ws';
import { FloodWatch } from './flood-watch.ts';
import { abuseIn, FLOOD } from './hardened-ws-server.ts';

type Engine = Socket['conn'];

/** Below the engine's transport, where there is one: long polling has none. */
interface BelowEngine {
  socket?: Pick<WebSocket, 'on' | 'prependListener' | 'terminate'>;
}

const ABUSES = new WeakMap<Engine, CloseReason>();

/** What the connection was closed for, where that was for what it sent. */
export const abuseOf = (engine: Engine): CloseReason | null => ABUSES.get(engine) ?? null;

/** Ends a connection without a word and without waiting for one. */
export const breakOff = (engine: Engine): void => {
  const { socket } = engine.transport as unknown as BelowEngine;
  engine.close(true);
  socket?.terminate();
};

/** Breaks a connection off that sends too much, whichever of its layers would have answered, and keeps in mind what it did. */
export const breakOffAbuse = (engine: Engine, framesPerSecond: number): void => {
  const onFlood = (): void => {
    ABUSES.set(engine, 'flooding');
    breakOff(engine);
  };
  const watch = ({ socket }: BelowEngine): void => {
    socket?.on(FLOOD, onFlood);
    // The engine, which listens already, ends its connection at once.
    socket?.prependListener('error', (error: Error) => {
      const abuse = abuseIn(error);
      if (abuse !== null) ABUSES.set(engine, abuse);
    });
  };
  watch(engine.transport as unknown as BelowEngine);
  engine.on('upgrade', (transport: unknown) => watch(transport as BelowEngine));
  // One request of long polling may bring thousands of packets.
  const packets = new FloodWatch(framesPerSecond, onFlood);
  engine.on('packet', packets.count);
};
