import { setTimeout as delay } from 'node:timers/promises';
import { DeliveriesResponse, type Delivery, INTERNAL_PATHS, MAX_BATCH, type ServerEvent } from '@trunkline/contract';
import { createMicroBatch, type Logger } from '@trunkline/service-kit';
import type { CallServiceClient } from './call-service-client.ts';

/** Tells call-service what was written to which session; nothing waits for it. */
export interface DeliveryReports {
  /** It is reported until a call-service took it, or until `giveUp`: a ring that nobody knows of is not stopped on the next connection. */
  add(delivery: Delivery): void;
  /** From now on a report that fails is not repeated. */
  giveUp(): void;
  /** Resolves when nothing is left to report. */
  idle(): Promise<void>;
}

const MAX_IN_FLIGHT = 1;
/** Nobody waits for a report but the caller's ringing tone. */
const APART_MS = 40;
const BUDGET_MS = 3000;
const LONGEST_PAUSE_MS = 2000;
/** Beyond it, reports are dropped: memory is bounded. */
const MAX_WAITING = 20_000;

/** `hear` is told of what Redis lacks of these calls. */
export const createDeliveryReports = (client: CallServiceClient, log: Logger, hear: (event: ServerEvent) => void): DeliveryReports => {
  const givingUp = new AbortController();

  const post = async (deliveries: Delivery[]): Promise<boolean> => {
    try {
      const { value } = await client.post({
        path: INTERNAL_PATHS.deliveries,
        bodyFor: () => ({ deliveries }),
        schema: DeliveriesResponse,
        budgetMs: BUDGET_MS,
      });
      for (const event of value.events) hear(event);
      return true;
    } catch (error) {
      log.warn({ err: error, callIds: [...new Set(deliveries.map(({ callId }) => callId))] }, 'deliveries were not reported');
      return false;
    }
  };

  const batch = createMicroBatch<Delivery, void>({
    maxItems: MAX_BATCH,
    maxInFlight: MAX_IN_FLIGHT,
    apartMs: APART_MS,
    run: async (deliveries) => {
      for (let pauseMs = 100; !(await post(deliveries)); pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
        if (givingUp.signal.aborted) break;
        await delay(pauseMs, undefined, { signal: givingUp.signal }).catch(() => undefined);
      }
      return deliveries.map(() => undefined);
    },
  });
  return {
    add: (delivery) => {
      if (batch.size < MAX_WAITING) return void batch.add(delivery);
      const { callId, userId, kind } = delivery;
      log.warn({ callId, userId, kind }, 'a delivery is not reported: too many wait');
    },
    giveUp: () => givingUp.abort(),
    idle: batch.idle,
  };
};
