import type { IncomingHttpHeaders } from 'node:http';

export interface HandshakesOptions {
  /** How many of one address may have begun and not signed in; 0: any number. */
  perAddress: number;
  /** How many of all together; 0: any number. */
  together: number;
  /** How many proxies in front of the gateway add to `X-Forwarded-For`; what stands before theirs, anybody can have written. */
  trustedProxies: number;
  onGivenUp(): void;
}

/** The part of a request that says where it came from. */
export interface Arrival {
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** The address that the outermost of our proxies saw. */
export const addressOf = ({ headers, socket }: Arrival, trustedProxies: number): string => {
  const seen = [...[headers['x-forwarded-for'] ?? []].flat().join(',').split(','), socket.remoteAddress ?? ''];
  return (seen[Math.max(0, seen.length - 1 - trustedProxies)] ?? '').trim();
};

interface Handshake {
  readonly address: string;
  readonly isPolling: boolean;
  giveUp(): void;
}

/** Of all that may have begun together, how many may be of long polling: each costs several times as much memory, and its client nothing. */
const POLLING_SHARE = 1 / 4;

const oldestOf = (handshakes: ReadonlySet<Handshake> | undefined): Handshake | undefined => handshakes?.values().next().value;

/**
 * Those who have connected and not signed in: each costs memory for seconds, and nobody knows who it is. Where there are too many the
 * oldest is given up, and not the newest refused: who means to sign in does so at once, and a flood closes what a flood opened.
 */
export class Handshakes {
  readonly #options: HandshakesOptions;
  readonly #all = new Set<Handshake>();
  readonly #polling = new Set<Handshake>();
  readonly #byAddress = new Map<string, Set<Handshake>>();

  constructor(options: HandshakesOptions) {
    this.#options = options;
  }

  /** Keeps one until what this returns is called, however often; `giveUp` MUST end the connection. */
  begin(arrival: Arrival, giveUp: () => void, isPolling = false): () => void {
    const { perAddress, together, trustedProxies } = this.#options;
    const handshake = { address: addressOf(arrival, trustedProxies), isPolling, giveUp };
    this.#makeRoom(this.#byAddress.get(handshake.address), perAddress);
    this.#makeRoom(this.#all, together);
    if (isPolling) this.#makeRoom(this.#polling, Math.ceil(together * POLLING_SHARE));
    this.#all.add(handshake);
    if (isPolling) this.#polling.add(handshake);
    const ofAddress = this.#byAddress.get(handshake.address) ?? new Set();
    this.#byAddress.set(handshake.address, ofAddress.add(handshake));
    return () => this.#end(handshake);
  }

  #makeRoom(handshakes: ReadonlySet<Handshake> | undefined, limit: number): void {
    const oldest = oldestOf(handshakes);
    if (limit === 0 || oldest === undefined || (handshakes?.size ?? 0) < limit) return;
    this.#end(oldest);
    this.#options.onGivenUp();
    oldest.giveUp();
  }

  #end(handshake: Handshake): void {
    this.#all.delete(handshake);
    this.#polling.delete(handshake);
    const ofAddress = this.#byAddress.get(handshake.address);
    ofAddress?.delete(handshake);
    if (ofAddress?.size === 0) this.#byAddress.delete(handshake.address);
  }
}
