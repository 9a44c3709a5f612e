import type { Delivery } from '@trunkline/contract';
import { type Decider, decideSurely } from './decider.ts';

const INPUT_OF = { ring: 'rung', stop: 'stopped' } as const;

/**
 * Keeps what gateways told sessions: a written ring makes the call RINGING; a stop that the session got need not be sent again.
 * @throws when any of it was not stored
 */
export const noteDeliveries = async (decider: Pick<Decider, 'decide'>, deliveries: readonly Delivery[]): Promise<void> => {
  await Promise.all(deliveries.map((delivery) => decideSurely(decider, { kind: INPUT_OF[delivery.kind], delivery })));
};
