import type { RingTimeoutJob } from '@trunkline/contract';
import type { CallService } from '../call-service.ts';

/** Says that a ring may be past its deadline. Which rings are is for call-service to find out, by the database's clock. */
export const ringTimeout =
  (callService: Pick<CallService, 'decideDue'>) =>
  (_job: RingTimeoutJob): Promise<void> =>
    callService.decideDue();
