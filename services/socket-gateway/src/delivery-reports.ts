import { type Delivery, INTERNAL_PATHS, MAX_BATCH } from '@trunkline/contract';
import { createMicroBatch, type Logger } from '@trunkline/service-kit';
import { z } from 'zod';
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

export const createDeliveryReports = (client: CallServiceClient, log: Logger): DeliveryReports => {
  const batch = createMicroBatch<Delivery, void>({
    maxItems: MAX_BATCH,
    maxInFlight: MAX_IN_FLIGHT,
    apartMs: APART_MS,
    run: async (deliveries) => {
      const request = { path: INTERNAL_PATHS.deliveries, bodyFor: () => ({ deliveries }), schema: z.unknown(), budgetMs: BUDGET_MS };
      try {
        await client.post(request);
      } catch (error) {
        log.warn({ err: error, deliveries: deliveries.length }, 'delivery reports were dropped');
      }
      return deliveries.map(() => undefined);
    },
  });
  return { add: (delivery) => void batch.add(delivery), idle: batch.idle };
};
