import { DeliveriesResponse, type Delivery, INTERNAL_PATHS, MAX_BATCH, type ServerEvent } from '@trunkline/contract';
import { createMicroBatch, type Logger } from '@trunkline/service-kit';
import type { CallServiceClient } from './call-service-client.ts';

/** Tells call-service what was written to which session; nothing waits for it. */
export interface DeliveryReports {
  add(delivery: Delivery): void;
  /** Resolves when nothing is left to report. */
  idle(): Promise<void>;
}

const MAX_IN_FLIGHT = 1;
/** Nobody waits for a report but the caller's ringing tone. */
const APART_MS = 40;
const BUDGET_MS = 3000;

/** `hear` is told of what Redis lacks of these calls. */
export const createDeliveryReports = (client: CallServiceClient, log: Logger, hear: (event: ServerEvent) => void): DeliveryReports => {
  const batch = createMicroBatch<Delivery, void>({
    maxItems: MAX_BATCH,
    maxInFlight: MAX_IN_FLIGHT,
    apartMs: APART_MS,
    run: async (deliveries) => {
      try {
        const { value } = await client.post({
          path: INTERNAL_PATHS.deliveries,
          bodyFor: () => ({ deliveries }),
          schema: DeliveriesResponse,
          budgetMs: BUDGET_MS,
        });
        for (const event of value.events) hear(event);
      } catch (error) {
        log.warn({ err: error, deliveries: deliveries.length }, 'delivery reports were dropped');
      }
      return deliveries.map(() => undefined);
    },
  });
  return { add: (delivery) => void batch.add(delivery), idle: batch.idle };
};
