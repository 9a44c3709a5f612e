import type { GatewayMetrics } from './gateway-metrics.ts';
import type { Door } from './transports/transport.ts';

/** The door, with every refusal counted by its reason. */
export const countRefusals = (door: Door, { connectionErrors }: Pick<GatewayMetrics, 'connectionErrors'>): Door => ({
  ...door,
  refusalOf: (origin) => {
    const reason = door.refusalOf(origin);
    if (reason !== null) connectionErrors.inc({ reason });
    return reason;
  },
  authenticate: async (token) => {
    const identity = await door.authenticate(token);
    if (typeof identity === 'string') connectionErrors.inc({ reason: identity });
    return identity;
  },
});
