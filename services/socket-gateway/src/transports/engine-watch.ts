import type { CloseReason } from '@trunkline/contract';
import type { Socket } from 'socket.io';
import type { WebSocket } from 'ws';
import { compactEvents } from './compact.ts';
import { FloodWatch } from './flood-watch.ts';
import { ABUSE, FLOOD } from './hardened-ws-server.ts';

export type Engine = Socket['conn'];

/** What the engine keeps to itself and we must reach all the same; its version is pinned. */
interface EngineInternals {
  sendPacket(type: 'ping'): void;
  writeBuffer: readonly { data?: unknown }[];
}

/** A transport of the engine: below it there is a WebSocket, or with long polling nothing. */
interface TransportInternals {
  socket?: Pick<WebSocket, 'on' | 'terminate' | 'bufferedAmount'>;
}

export interface EngineLimits {
  /** More than these from one connection break it off. */
  readonly framesPerSecond: number;
  /** More than this waiting for one connection breaks it off, in bytes. */
  readonly queuedBytes: number;
}

/** Whoever has a client to tell why it is closed. */
interface Teller {
  close(reason: CloseReason): void;
}

const NOBODY: readonly Teller[] = [];
const WATCHES = new WeakMap<Engine, EngineWatch>();

/** What is watched of one connection below Socket.IO, from its first packet on: one object, and as few listeners as there can be. */
export class EngineWatch {
  readonly #engine: Engine;
  /** Each ping of a connection is answered by one pong, in order and without a number, so both are counted. */
  #pings = 0;
  #pongs = 0;
  #probe: { readonly ping: number; onSign(): void } | null = null;
  #abuse: CloseReason | null = null;
  #tellers = NOBODY;

  constructor(engine: Engine, { framesPerSecond, queuedBytes }: EngineLimits) {
    this.#engine = engine;
    WATCHES.set(engine, this);
    engine.on('packetCreate', ({ type }: { type: string }) => {
      if (type === 'ping') this.#pings += 1;
      // The session closes at its own limit, with the code that says why; this is for what it does not write.
      if (this.queuedBytes > queuedBytes) engine.close(true);
    });
    engine.on('heartbeat', () => this.#pong());
    if (engine.transport.name === 'websocket') this.#watchBelow();
    else this.#watchPolling(framesPerSecond);
  }

  static of(engine: Engine): EngineWatch | undefined {
    return WATCHES.get(engine);
  }

  /** What waits for the client: in the engine's own queue and in its WebSocket. */
  get queuedBytes(): number {
    const { writeBuffer } = this.#engine as unknown as EngineInternals;
    let bytes = this.#below?.bufferedAmount ?? 0;
    for (const { data } of writeBuffer) bytes += typeof data === 'string' ? data.length : 0;
    return bytes;
  }

  /** What the connection was closed for, where that was for what it sent. */
  get abuse(): CloseReason | null {
    return this.#abuse;
  }

  /** See `ClientSocket.probe`. */
  probe(onSign: () => void): void {
    if (this.#engine.readyState !== 'open') return;
    (this.#engine as unknown as EngineInternals).sendPacket('ping');
    this.#probe = { ping: this.#pings, onSign };
  }

  /** Has it closed when the connection is to be closed for what it sent, where its client can still be told. */
  tellAbuse(teller: Teller): void {
    this.#tellers = this.#tellers.concat(teller);
  }

  /** Calls `tellAbuse` off. */
  untellAbuse(teller: Teller): void {
    this.#tellers = this.#tellers.filter((each) => each !== teller);
  }

  /** Keeps in mind what the connection did, and has its client told; whether anybody did. */
  noteAbuse(reason: CloseReason): boolean {
    const tellers = this.#tellers;
    this.#abuse = reason;
    this.#tellers = NOBODY;
    for (const teller of tellers) teller.close(reason);
    return tellers.length > 0;
  }

  /** Ends the connection without a word and without waiting for one. */
  breakOff(): void {
    const below = this.#below;
    this.#engine.close(true);
    below?.terminate();
  }

  /** See `compactEvents`. */
  compactTransport(): void {
    const below = this.#below;
    compactEvents(this.#engine.transport);
    if (below !== undefined) compactEvents(below);
  }

  get #below(): TransportInternals['socket'] {
    return (this.#engine.transport as unknown as TransportInternals).socket;
  }

  /** A WebSocket counts its frames by itself. */
  #watchBelow(): void {
    this.#below?.on(FLOOD, () => this.#flood());
    this.#below?.on(ABUSE, (reason: CloseReason) => void this.noteAbuse(reason));
  }

  /** One request of long polling may bring thousands of packets. */
  #watchPolling(framesPerSecond: number): void {
    const packets = new FloodWatch(framesPerSecond);
    this.#engine.on('packet', () => {
      if (packets.count()) this.#flood();
    });
    this.#engine.on('upgrade', () => {
      this.#watchBelow();
      this.compactTransport();
    });
  }

  #flood(): void {
    if (this.#abuse === 'flooding') return;
    this.#abuse = 'flooding';
    this.breakOff();
  }

  #pong(): void {
    this.#pongs += 1;
    const probe = this.#probe;
    if (probe === null || this.#pongs < probe.ping) return;
    this.#probe = null;
    probe.onSign();
  }
}
