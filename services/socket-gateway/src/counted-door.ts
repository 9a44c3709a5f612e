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
    try {
      const identity = await door.authenticate(token);
      if (identity === null) connectionErrors.inc({ reason: 'unauthenticated' });
      return identity;
    } catch (error) {
      connectionErrors.inc({ reason: 'verify_failed' });
      throw error;
    }
  },
});
