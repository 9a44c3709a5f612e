import { isRefusal } from '@trunkline/bus';
import type { Logger } from '@trunkline/service-kit';

/** A refusal is news, a Redis that is away is not for each connection: that is said once for all of them. */
export const logRedisError =
  (logger: Logger) =>
  (error: Error): void => {
    if (isRefusal(error)) logger.warn({ err: error }, 'Redis refused an event or a job; a sweep tries again');
    else logger.debug({ err: error }, 'redis');
  };
