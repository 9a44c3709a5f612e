import { type ChildService, type FaultProxy, type System, startChildService, TEST_JWT_SECRET } from '@trunkline/testing';

/** One more gateway of that system, whose Redis is at the other end of the relay. `prefix`: the system's `REDIS_PREFIX`. */
export const startRemoteGateway = (system: System, { url }: FaultProxy, prefix: string): Promise<ChildService> =>
  startChildService('socket-gateway', {
    REDIS_URL: url,
    REDIS_PREFIX: prefix,
    JWT_SECRET: TEST_JWT_SECRET,
    INTERNAL_TOKEN: system.internalToken,
    LOG_LEVEL: 'fatal',
    CALL_SERVICE_URLS: system.callServices.map((service) => service.url).join(','),
  });
