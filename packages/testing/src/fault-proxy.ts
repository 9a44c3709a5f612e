import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';

/** `up`: from whoever connected to the target. `down`: back. */
export type Direction = 'up' | 'down';

/** What a watcher wants done with what it was shown. `hold`: nothing more of that direction is carried. */
export type Verdict = 'carry' | 'hold' | 'reset';

export interface FaultProxy extends AsyncDisposable {
  /** The target's URL for those that go through the proxy. */
  readonly url: string;
  /** A connection through the proxy for somebody in this process: it meets the same, and costs no socket of its own. */
  dial(): Duplex;
  /** How many connections were ever made. */
  readonly connections: number;
  /** New connections go to the server of this URL; those there are stay where they are. */
  leadTo(target: string): void;
  /** New connections carry again, and so do stalled ones: what was stalled comes late. Those that were swallowed stay dead. */
  pass(): void;
  /** The connections there are, and new ones, stay open and carry nothing ever after. */
  swallow(): void;
  /** The same, but what is sent meanwhile comes late, as after a network that dropped packets. One direction, or both. */
  stall(direction?: Direction): void;
  /** The connections there are carry requests, and no answers any more. */
  loseAnswers(): void;
  /** Breaks the connections there are, and from now on new ones too. */
  refuse(): void;
  /** Nothing listens any more, and the connections there are are reset. */
  close(): Promise<void>;
  /** Listens again, on the same port. */
  open(): Promise<void>;
  /** Resets the connections there are; new ones carry. */
  reset(): void;
  /** Every chunk comes this much later; 0: at once. */
  delay(milliseconds: number): void;
  /** Carries at most so many bytes of a chunk at a time, a millisecond apart; null: whole chunks. */
  drip(bytes: number | null): void;
  /** Resets every connection once it has carried so many bytes more, in both directions together; null: never. */
  cutAfter(bytes: number | null): void;
  /** Shows everything that passes to `look` before it is carried; null: nobody looks. */
  watch(look: ((chunk: Buffer, direction: Direction) => Verdict) | null): void;
}

/** What every link of a proxy is subject to. */
class Conditions {
  isSwallowing = false;
  isRefusing = false;
  readonly stalled = new Set<Direction>();
  delayMs = 0;
  dripBytes: number | null = null;
  cutAfterBytes: number | null = null;
  look: ((chunk: Buffer, direction: Direction) => Verdict) | null = null;
}

/** One direction of one connection. */
class Lane {
  readonly #from: Duplex;
  readonly #to: Duplex;
  readonly #link: Link;
  readonly #direction: Direction;
  #tail: Promise<void> = Promise.resolve();
  #isDead = false;
  #waking: (() => void) | null = null;

  constructor(link: Link, direction: Direction, from: Duplex, to: Duplex) {
    this.#link = link;
    this.#direction = direction;
    this.#from = from;
    this.#to = to;
    from.on('data', (chunk: Buffer) => {
      from.pause();
      this.#tail = this.#carry(chunk).then(() => void (this.#isDead || from.resume()));
    });
    from.on('end', () => void this.finish());
  }

  /** The other side hears that this one has ended, once it was given all. */
  async finish(): Promise<void> {
    await this.#tail;
    if (this.#isDead) this.#to.destroy();
    else this.#to.end();
  }

  /** Carries nothing ever after. */
  die(): void {
    this.#isDead = true;
    this.#from.pause();
  }

  wake(): void {
    this.#waking?.();
  }

  async #carry(chunk: Buffer): Promise<void> {
    const { conditions } = this.#link;
    const verdict = conditions.look?.(chunk, this.#direction) ?? 'carry';
    if (verdict === 'hold') return this.die();
    if (verdict === 'reset') return this.#link.reset();
    if (conditions.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, conditions.delayMs));
    while (conditions.stalled.has(this.#direction)) {
      await new Promise<void>((resolve) => {
        this.#waking = resolve;
      });
    }
    const step = conditions.dripBytes ?? chunk.length;
    for (let offset = 0; offset < chunk.length && !this.#isDead; offset += step) {
      if (offset > 0) await new Promise((resolve) => setTimeout(resolve, 1));
      await this.#write(chunk.subarray(offset, offset + step));
    }
  }

  async #write(bytes: Buffer): Promise<void> {
    if (!this.#link.mayCarry(bytes.length)) return this.#link.reset();
    if (this.#isDead || this.#to.destroyed || this.#to.write(bytes)) return;
    await Promise.race([once(this.#to, 'drain'), once(this.#to, 'close')]).catch(() => undefined);
  }
}

/** What a socket says that nobody listens to, or that was reset. */
const socketError = (code: 'ECONNREFUSED' | 'ECONNRESET'): Error => Object.assign(new Error(code), { code });

const breakOff = (side: Duplex): void => {
  if (side instanceof Socket) side.resetAndDestroy();
  else side.destroy(socketError('ECONNRESET'));
};

/** What was written to somebody who is gone would be waited for for ever: a socket is reset by it. */
const endWith = (gone: Duplex, left: Duplex): void => {
  gone.once('close', () => {
    if (left.writableLength > 0) left.destroy(socketError('ECONNRESET'));
    left.once('end', () => left.destroy());
    left.push(null);
  });
};

/** Two ends within this process; as of a socket, one that is gone is the end of what the other reads. */
const openPair = (): [Duplex, Duplex] => {
  const [near, own] = duplexPair({ allowHalfOpen: false });
  endWith(near, own);
  endWith(own, near);
  near.once('error', (error) => own.destroy(error));
  return [near, own];
};

/** One connection, and the one to the target that it stands for. */
class Link {
  readonly conditions: Conditions;
  readonly #near: Duplex;
  readonly #far: Socket;
  readonly #lanes: Readonly<Record<Direction, Lane>>;
  #carriedBytes = 0;

  constructor(conditions: Conditions, near: Duplex, far: Socket, onClose: (link: Link) => void) {
    this.conditions = conditions;
    this.#near = near;
    this.#far = far;
    this.#lanes = { up: new Lane(this, 'up', near, far), down: new Lane(this, 'down', far, near) };
    this.#follow(near, 'up', onClose);
    this.#follow(far, 'down', onClose);
  }

  #follow(side: Duplex, direction: Direction, onClose: (link: Link) => void): void {
    if (side instanceof Socket) side.setNoDelay(true);
    side.on('error', () => side.destroy());
    side.on('close', () => {
      this.wake();
      if (side.errored !== null) this.reset();
      else void this.#lanes[direction].finish();
      if (this.#near.destroyed && this.#far.destroyed) onClose(this);
    });
  }

  mayCarry(bytes: number): boolean {
    this.#carriedBytes += bytes;
    return this.conditions.cutAfterBytes === null || this.#carriedBytes <= this.conditions.cutAfterBytes;
  }

  countFromHere(): void {
    this.#carriedBytes = 0;
  }

  die(direction?: Direction): void {
    if (direction !== 'up') this.#lanes.down.die();
    if (direction !== 'down') this.#lanes.up.die();
  }

  wake(): void {
    this.#lanes.up.wake();
    this.#lanes.down.wake();
  }

  reset(): void {
    breakOff(this.#near);
    breakOff(this.#far);
  }
}

/** A TCP proxy to the server of a URL, on one port for as long as it lives, that does to its connections what networks do. */
export const startFaultProxy = async (target: string): Promise<FaultProxy> => {
  let { hostname, port } = new URL(target);
  const conditions = new Conditions();
  const links = new Set<Link>();
  let connections = 0;

  const take = (near: Duplex): void => {
    connections += 1;
    if (conditions.isRefusing) return breakOff(near.on('error', () => undefined));
    const link = new Link(conditions, near, connect(Number(port), hostname), (closed) => links.delete(closed));
    links.add(link);
    if (conditions.isSwallowing) link.die();
  };
  const server = createServer(take);
  const listen = async (at: number): Promise<number> => {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const reset = (): void => {
    for (const link of links) link.reset();
  };
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    reset();
    await closed;
  };

  const ownPort = await listen(0);
  const url = new URL(target);
  url.host = `127.0.0.1:${ownPort}`;

  return {
    url: url.href,
    dial: () => {
      const [near, own] = openPair();
      if (server.listening) take(near);
      else process.nextTick(() => own.destroy(socketError('ECONNREFUSED')));
      return own;
    },
    get connections() {
      return connections;
    },
    leadTo: (other) => {
      ({ hostname, port } = new URL(other));
    },
    pass: () => {
      conditions.isSwallowing = false;
      conditions.isRefusing = false;
      conditions.stalled.clear();
      for (const link of links) link.wake();
    },
    swallow: () => {
      conditions.isSwallowing = true;
      for (const link of links) link.die();
    },
    stall: (direction) => {
      for (const each of ['up', 'down'] as const) if (direction === undefined || direction === each) conditions.stalled.add(each);
    },
    loseAnswers: () => {
      for (const link of links) link.die('down');
    },
    refuse: () => {
      conditions.isRefusing = true;
      reset();
    },
    close,
    open: async () => {
      if (!server.listening) await listen(ownPort);
    },
    reset,
    delay: (milliseconds) => {
      conditions.delayMs = milliseconds;
    },
    drip: (bytes) => {
      conditions.dripBytes = bytes;
    },
    cutAfter: (bytes) => {
      conditions.cutAfterBytes = bytes;
      for (const link of links) link.countFromHere();
    },
    watch: (look) => {
      conditions.look = look;
    },
    [Symbol.asyncDispose]: close,
  };
};
