import type { Logger } from '@trunkline/service-kit';
import type { Outcome } from './world.ts';

/** A line for each step of each call, for who looks into it. Ids and words of the contract, never what people wrote. */
export const logOutcome = (logger: Logger, { events }: Pick<Outcome, 'events'>): void => {
  if (!logger.isLevelEnabled('debug')) return;
  for (const { type, call } of events)
    logger.debug({ callId: call.id, event: type, seq: call.seq, state: call.state, reason: call.reason }, 'a call went on');
};
