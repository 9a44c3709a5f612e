import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CloseReason } from '@trunkline/contract';
import type { Server, Socket } from 'socket.io';
import type { WebSocket } from 'ws';
import { FloodWatch } from './flood-watch.ts';
import { ABUSE, FLOOD } from './hardened-ws-server.ts';
import { postedBy } from './socket-io-internals.ts';
import { MAX_FRAME_BYTES } from './transport.ts';

type Engine = Socket['conn'];
type Tell = (reason: CloseReason) => void;

/** Below the engine's transport, where there is one: long polling has none. */
interface BelowEngine {
  socket?: Pick<WebSocket, 'on' | 'terminate'>;
}

const ABUSES = new WeakMap<Engine, CloseReason>();

/** What the connection was closed for, where that was for what it sent. */
export const abuseOf = (engine: Engine): CloseReason | null => ABUSES.get(engine) ?? null;

/** Has `tell` called when the connection is to be closed for what it sent, where its client can still be told. Disposing calls that off. */
export const tellAbuse = (engine: Engine, tell: Tell): Disposable => {
  engine.once(ABUSE, tell);
  return { [Symbol.dispose]: () => void engine.off(ABUSE, tell) };
};

/** Keeps in mind what the connection did, and has its client told; whether anybody did. */
const noteAbuse = (engine: Engine, reason: CloseReason): boolean => {
  ABUSES.set(engine, reason);
  return engine.emit(ABUSE, reason);
};

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
    socket?.on(ABUSE, (reason: CloseReason) => void noteAbuse(engine, reason));
  };
  watch(engine.transport as unknown as BelowEngine);
  engine.on('upgrade', (transport: unknown) => watch(transport as BelowEngine));
  // One request of long polling may bring thousands of packets.
  const packets = new FloodWatch(framesPerSecond, onFlood);
  engine.on('packet', packets.count);
};

/**
 * Closes a connection whose client posts more than a frame may hold. Where it is told so by what it polls, the request itself is not
 * refused: the library would come back at once.
 */
export const closeForLargePosts = ({ engine }: Pick<Server, 'engine'>): void =>
  engine.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
    const sender = Number(request.headers['content-length']) > MAX_FRAME_BYTES ? postedBy(engine, request) : null;
    if (sender !== null && noteAbuse(sender, 'frame_too_large')) response.end('ok');
    else next();
  });
