import { Phone } from './phone.ts';
import type { Wire } from './wire.ts';

export interface FleetOptions {
  wire: Wire;
  gateways: readonly string[];
  size: number;
  /** Begins every user's id, so that two fleets share nobody. */
  name: string;
  mintToken(userId: string): Promise<string>;
  /** How many may be connecting at once. */
  concurrency?: number;
  report?(connected: number): void;
}

export interface Fleet extends Disposable {
  readonly phones: readonly Phone[];
  /** How many connections the servers closed. */
  lost(): number;
}

const CONCURRENCY = 64;
/** What one process can hold open, and a little less. */
export const MAX_SOCKETS = 20_000;

/** Tokens are made beforehand: their signatures are no part of what is measured. */
export const mintTokens = (
  size: number,
  name: string,
  mintToken: FleetOptions['mintToken'],
): Promise<{ userId: string; token: string }[]> =>
  Promise.all(
    Array.from({ length: size }, async (_, index) => {
      const userId = `${name}-${index}`;
      return { userId, token: await mintToken(userId) };
    }),
  );

/** Connects users to the gateways in turn. @throws when one of them is not let in */
export const connectFleet = async (options: FleetOptions): Promise<Fleet> => {
  const { wire, gateways, size, name, mintToken, concurrency = CONCURRENCY, report } = options;
  if (size > MAX_SOCKETS) throw new Error(`${size} connections are more than the ${MAX_SOCKETS} that one process can hold`);
  const users = await mintTokens(size, name, mintToken);
  const phones: Phone[] = new Array(size);
  let next = 0;
  let connected = 0;
  let lost = 0;
  const onLost = (): void => {
    lost += 1;
  };

  const connectSome = async (): Promise<void> => {
    for (let index = next++; index < size; index = next++) {
      const { userId, token } = users[index] as { userId: string; token: string };
      phones[index] = await Phone.connect({ wire, base: gateways[index % gateways.length] as string, userId, token, onLost });
      connected += 1;
      report?.(connected);
    }
  };

  const fleet: Fleet = {
    phones,
    lost: () => lost,
    [Symbol.dispose]: () => {
      for (const phone of phones) phone?.close();
    },
  };
  try {
    await Promise.all(Array.from({ length: Math.min(concurrency, size) }, connectSome));
  } catch (error) {
    next = size;
    fleet[Symbol.dispose]();
    throw error;
  }
  return fleet;
};
