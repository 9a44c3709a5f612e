import { type GatewayId, INTERNAL_PATHS, LeaseResponse } from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import type { CallServiceClient } from './call-service-client.ts';
import type { DatabaseClock } from './database-clock.ts';
import { settledWithin } from './settled-within.ts';

export interface LeaseOptions {
  client: CallServiceClient;
  gatewayId: GatewayId;
  leaseMs: number;
  clock: DatabaseClock;
  log: Logger;
}

/** What came with a renewal. `wasLapsed`: all our sessions were given up meanwhile. */
export interface Renewal extends Pick<LeaseResponse, 'toClose'> {
  wasLapsed: boolean;
}

export interface Lease extends Disposable {
  /** Whether a place may take long to be answered, as of the last renewal. */
  placesAreScreened(): boolean;
  /** Whether it was renewed so lately that it cannot have lapsed. */
  isHeld(): boolean;
  /** The listener is called after every renewal. */
  onRenewed(listener: (renewal: Renewal) => void): void;
}

const START_PATIENCE_MS = 1000;

/** Keeps this gateway's lease: while it holds, its sessions count as present (invariant 13). Starts without it too. */
export const startLease = async ({ client, gatewayId, leaseMs, clock, log }: LeaseOptions): Promise<Lease> => {
  const everyMs = leaseMs / 3;
  let renewedAt = Number.NEGATIVE_INFINITY;
  let isRenewing = false;
  let placesAreScreened = false;
  const listeners: ((renewal: Renewal) => void)[] = [];

  const renew = async (): Promise<void> => {
    const { value, sentAt, receivedAt } = await client.post({
      path: INTERNAL_PATHS.lease,
      bodyFor: () => ({ gatewayId }),
      schema: LeaseResponse,
      budgetMs: everyMs,
    });
    clock.learn({ databaseNow: value.databaseNow, sentAt, receivedAt });
    // That it lapsed is said once, and the answer that said so may have been lost.
    const mayHaveLapsed = receivedAt - renewedAt >= leaseMs;
    renewedAt = sentAt;
    const { known, toClose } = value;
    placesAreScreened = value.placesAreScreened;
    for (const listener of listeners) listener({ wasLapsed: !known || mayHaveLapsed, toClose });
  };

  const beat = async (): Promise<void> => {
    if (isRenewing) return;
    isRenewing = true;
    try {
      await renew();
    } catch (error) {
      log.warn({ err: error }, 'the lease was not renewed');
    } finally {
      isRenewing = false;
    }
  };

  await settledWithin(beat(), START_PATIENCE_MS);
  const timer = setInterval(() => void beat(), everyMs);
  return {
    isHeld: () => performance.now() - renewedAt < leaseMs,
    placesAreScreened: () => placesAreScreened,
    onRenewed: (listener) => void listeners.push(listener),
    [Symbol.dispose]: () => clearInterval(timer),
  };
};
