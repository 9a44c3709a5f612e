import { once } from 'node:events';
import { createServer } from 'node:net';
import type { DevSettings } from './dev-settings.ts';

/** Who listens on a port, and the variable that moves it. */
export interface PortClaim {
  port: number;
  owner: string;
  variable: string;
}

export interface PortPlan {
  callServices: readonly PortClaim[];
  gateways: readonly PortClaim[];
  notifier: PortClaim;
  frontDoor: PortClaim;
  /** Null where FCM itself is set up. */
  pushStandIn: PortClaim | null;
}

const count = (replicas: number): number[] => Array.from({ length: replicas }, (_, index) => index);

/** Gateways count up from their first port, call-services down from theirs. */
export const planPorts = (settings: DevSettings, hasPushStandIn: boolean): PortPlan => {
  const callService = (index: number): PortClaim => {
    const port = settings.CALL_SERVICE_PORT - index;
    return { port, owner: `call-service-${port}`, variable: 'CALL_SERVICE_PORT' };
  };
  const gateway = (index: number): PortClaim => {
    const port = settings.GATEWAY_PORT + index;
    return { port, owner: `gateway-${port}`, variable: 'GATEWAY_PORT' };
  };
  return {
    callServices: count(settings.CALL_SERVICES).map(callService),
    gateways: count(settings.GATEWAYS).map(gateway),
    notifier: { port: settings.NOTIFIER_PORT, owner: 'notifier', variable: 'NOTIFIER_PORT' },
    frontDoor: { port: settings.FRONT_DOOR_PORT, owner: 'front-door', variable: 'FRONT_DOOR_PORT' },
    pushStandIn: hasPushStandIn ? { port: settings.PUSH_STAND_IN_PORT, owner: 'push-stand-in', variable: 'PUSH_STAND_IN_PORT' } : null,
  };
};

const canListen = async (port: number, host?: string): Promise<boolean> => {
  const probe = createServer();
  try {
    await once(probe.listen(port, host), 'listening');
    return true;
  } catch {
    return false;
  } finally {
    probe.close();
  }
};

/** Both are asked for: some systems let one program have all addresses while another has 127.0.0.1. */
const isFree = async (port: number): Promise<boolean> => (await canListen(port)) && (await canListen(port, '127.0.0.1'));

const problemOf = async ({ port, owner, variable }: PortClaim, earlier: readonly PortClaim[]): Promise<string | null> => {
  const rival = earlier.find((claim) => claim.port === port);
  if (rival !== undefined) return `Port ${port} is wanted by both ${rival.owner} (${rival.variable}) and ${owner} (${variable}).`;
  if (port < 1 || port > 65_535) return `There is no port ${port} for ${owner}: change ${variable}.`;
  return (await isFree(port)) ? null : `Port ${port}, for ${owner}, is taken: stop what listens there, or set ${variable} to another port.`;
};

/** What stands in the way of listening on all of these, one sentence each. */
export const portProblems = async ({ callServices, gateways, notifier, frontDoor, pushStandIn }: PortPlan): Promise<string[]> => {
  const claims = [...callServices, ...gateways, notifier, frontDoor, ...(pushStandIn === null ? [] : [pushStandIn])];
  const problems = await Promise.all(claims.map((claim, index) => problemOf(claim, claims.slice(0, index))));
  return problems.filter((problem) => problem !== null);
};
