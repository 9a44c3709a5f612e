import type { SessionRegister } from '../sessions/session-register.ts';
import type { CallServiceMetrics } from './call-service-metrics.ts';

/** The register, with what gateways report counted. */
export const countSessions = (
  sessions: SessionRegister,
  { sessionReports }: Pick<CallServiceMetrics, 'sessionReports'>,
): SessionRegister => ({
  ...sessions,
  open: async (gatewayId, opened) => {
    const snapshots = await sessions.open(gatewayId, opened);
    const refused = snapshots.filter((snapshot) => snapshot.refused).length;
    sessionReports.inc({ kind: 'opened' }, snapshots.length - refused);
    sessionReports.inc({ kind: 'refused' }, refused);
    return snapshots;
  },
  close: async (gatewayId, closed) => {
    await sessions.close(gatewayId, closed);
    sessionReports.inc({ kind: 'closed' }, closed.length);
  },
});
