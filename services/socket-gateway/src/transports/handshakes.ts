import type { IncomingHttpHeaders } from 'node:http';

export interface HandshakesOptions {
  /** How many one address may have begun and not finished; 0: any number. */
  perAddress: number;
  /** How many proxies in front of the gateway add to `X-Forwarded-For`; what stands before theirs, anybody can have written. */
  trustedProxies: number;
  onRefused(): void;
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

/** Counts who has connected and not signed in yet: each costs memory for seconds, and nobody is known to be whom it is. */
export class Handshakes {
  readonly #options: HandshakesOptions;
  readonly #open = new Map<string, number>();

  constructor(options: HandshakesOptions) {
    this.#options = options;
  }

  hasRoom(arrival: Arrival): boolean {
    const { perAddress, trustedProxies, onRefused } = this.#options;
    if (perAddress === 0 || (this.#open.get(addressOf(arrival, trustedProxies)) ?? 0) < perAddress) return true;
    onRefused();
    return false;
  }

  /** Counts one, until what it returns is called, however often. */
  begin(arrival: Arrival): () => void {
    const address = addressOf(arrival, this.#options.trustedProxies);
    this.#open.set(address, (this.#open.get(address) ?? 0) + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      const left = (this.#open.get(address) ?? 0) - 1;
      if (left > 0) this.#open.set(address, left);
      else this.#open.delete(address);
    };
  }
}
